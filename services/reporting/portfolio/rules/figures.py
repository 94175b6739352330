"""What the portfolio's figures are: which ventures count where, what adds up, what stands for a venture.

Nothing here rounds: figures are rounded when shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from services.reporting.portfolio.rules.facts import Alert, Comparison, Observation, Plan, Venture
from shared.contracts.plans import PlanStatus, VentureStage
from shared.contracts.sync import PerformanceStatus
from shared.kernel.money import EXACT

_HUNDRED = Decimal(100)


class StageGroup(StrEnum):
    """The three groups in which a portfolio is counted."""

    PRE_REVENUE = "pre_revenue"
    GROWTH = "growth"
    PROFITABLE = "profitable"


def stage_group(stage: VentureStage) -> StageGroup:
    """IDEA counts as pre-revenue, SCALING as growth."""
    if stage is VentureStage.PROFITABLE:
        return StageGroup.PROFITABLE
    if stage in (VentureStage.IDEA, VentureStage.PRE_REVENUE):
        return StageGroup.PRE_REVENUE
    return StageGroup.GROWTH


class PlanState(StrEnum):
    """How far a venture's plan is."""

    COMPLETE = "complete"
    DRAFT = "draft"
    MISSING = "missing"


def plan_state(plan: Plan | None) -> PlanState:
    """INVESTOR_READY counts as complete; an archived plan is none."""
    if plan is None or plan.status is PlanStatus.ARCHIVED:
        return PlanState.MISSING
    return PlanState.DRAFT if plan.status is PlanStatus.DRAFT else PlanState.COMPLETE


Member = TypeVar("Member", bound=StrEnum)


def counted(kinds: type[Member], members: Iterable[Member]) -> dict[Member, int]:
    """How many there are of each kind, zeros included, in the kinds' own order."""
    counts = dict.fromkeys(kinds, 0)
    for member in members:
        counts[member] += 1
    return counts


def change_pct(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """(now - before) / before in percent; null without both, or from nothing (06: growth)."""
    if now is None or before is None or before == 0:
        return None
    return EXACT.divide(EXACT.multiply(now - before, _HUNDRED), abs(before))


def mean(values: Sequence[Decimal]) -> Decimal | None:
    """The arithmetic mean, or null of nothing."""
    return EXACT.divide(sum(values, Decimal(0)), Decimal(len(values))) if values else None


def total(observations: Iterable[Observation | None]) -> Decimal:
    """The sum of what was observed; a venture without an observation adds nothing."""
    return sum((seen.value for seen in observations if seen is not None), Decimal(0))


def unconverted_totals(observations: Iterable[Observation | None]) -> list[tuple[str, Decimal]]:
    """What no rate could convert, by currency: stands beside a total, never in it."""
    sums: dict[str, Decimal] = {}
    for seen in observations:
        for currency, amount in seen.unconverted if seen else ():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sorted(sums.items())


def burns(burn_rate: Observation | None) -> bool:
    """Whether a venture spends more cash than it takes in (net burn above zero)."""
    return burn_rate is not None and burn_rate.value > 0


@dataclass(frozen=True, slots=True)
class AverageRunway:
    """The mean runway in months of the ventures that burn and whose runway is known."""

    months: Decimal | None
    ventures: int


def average_runway(pairs: Iterable[tuple[Observation | None, Observation | None]]) -> AverageRunway:
    """From (burn rate, runway) of each venture; a venture that does not burn has no end to average."""
    months = [runway.value for burn, runway in pairs if runway is not None and burns(burn)]
    return AverageRunway(mean(months), len(months))


def performance_status(
    plan: Plan | None, actual: Observation | None, comparison: Comparison | None
) -> PerformanceStatus:
    """How a venture's MRR stands: sync's answer, else NO_DATA (promised, not observed) or PLANNED (not promised)."""
    if comparison is not None:
        return comparison.status
    return PerformanceStatus.NO_DATA if promised(plan) and actual is None else PerformanceStatus.PLANNED


def promised(plan: Plan | None) -> bool:
    """Whether a plan that counts names a target MRR."""
    return plan is not None and plan_state(plan) is not PlanState.MISSING and bool(plan.targets.target_mrr)


def is_of(comparison: Comparison | None, actual: Observation | None, plan: Plan | None) -> bool:
    """Whether a comparison belongs to the observation shown (false while sync's answer is under way).

    Without a target nothing needs to be compared.
    """
    if comparison is None:
        return actual is None or not promised(plan)
    if actual is None:
        return False
    return comparison.observed_on == actual.observed_on and comparison.actual == actual.value


def is_listed(venture: Venture) -> bool:
    """Archived ventures keep their history but are not part of today's portfolio."""
    return venture.archived_at is None


def by_urgency(alerts: Iterable[Alert]) -> list[Alert]:
    """The most severe first, then the newest."""
    return sorted(alerts, key=lambda alert: (-alert.severity.rank, -alert.raised_at.timestamp(), str(alert.id)))


def newest_first(alerts: Iterable[Alert]) -> list[Alert]:
    """The newest first."""
    return sorted(alerts, key=lambda alert: (alert.raised_at, str(alert.id)), reverse=True)
