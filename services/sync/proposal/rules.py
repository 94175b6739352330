"""When other targets are proposed, and which.

The path is left when MRR was more than 15 % off its target, on the same side, at its last comparison of each of the
last three months. Proposed is what the robust trend of the last months (that of TARGET_AT_RISK) reaches at the plan's
own date, on a path that starts at the newest actual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.sync.alert.rules.finding import money_text
from services.sync.alert.rules.trend import robust_trend
from services.sync.plan_version.rules import PlanVersion, Promise
from services.sync.review.rules import DEVIATION_PCT
from shared.contracts.plans import TargetPath
from shared.contracts.sync import ProposedTargets
from shared.kernel.money import round_to_currency
from shared.kernel.periods import add_months, month_end

MONTHS_OFF = 3
LARGEST = Decimal(10**12)
"""No trend is believed beyond this."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where a venture stands at the end of a month: its values by month (oldest first), and what its plan promises."""

    values: Sequence[tuple[date, Decimal]]
    promise: Promise
    newest: PlanVersion
    currency: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed, and why; equal ones need no new version."""

    promise: Promise
    targets: ProposedTargets
    reason: str
    months: tuple[str, ...]


def last_months(last: date) -> tuple[date, ...]:
    """The ends of the months that decide, the newest first."""
    return tuple(month_end(add_months(last.replace(day=1), -back)) for back in range(MONTHS_OFF))


def left_the_path(variances: Mapping[date, Decimal | None], last: date) -> bool:
    """Whether the last comparison of each of three months was beyond 15 %, all on one side; exactly 15 % is not."""
    found = [variances.get(month) for month in last_months(last)]
    above = all(one is not None and one > DEVIATION_PCT for one in found)
    below = all(one is not None and one < -DEVIATION_PCT for one in found)
    return above or below


def propose(course: Course, last: date, *, below: bool) -> Proposed | None:
    """Targets that the actuals are on their way to.

    None when the plan has no date that is still to come or was changed financially since the month, when there is no
    trend, or when it leads to nothing, to the target itself, or beyond all belief.
    """
    promise = course.promise
    if promise.final is None or promise.target_on is None or promise.target_on <= last:
        return None
    if course.newest.saved_on > last and course.newest.financial_change:
        return None
    trend = robust_trend(course.values)
    if trend is None:
        return None
    value = round_to_currency(min(trend.at(promise.target_on)[0], LARGEST), course.currency)
    if not 0 < value < LARGEST or value == promise.final:
        return None
    on, actual = course.values[-1]
    targets = ProposedTargets(
        target_mrr=value,
        baseline_value=actual,
        baseline_date=on,
        path=(TargetPath.COMPOUND if actual > 0 else TargetPath.LINEAR) if promise.custom else None,
    )
    months = tuple(f"{month:%Y-%m}" for month in sorted(last_months(last)))
    side = "below" if below else "above"
    reason = (
        f"MRR was more than {DEVIATION_PCT} % {side} its target at the end of {', '.join(months)}. "
        f"At the trend of the last months it will be {money_text(value, course.currency)} on {promise.target_on}, "
        f"not {money_text(promise.final, course.currency)}."
    )
    return Proposed(promise, targets, reason, months)
