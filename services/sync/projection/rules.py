"""A month-by-month forecast from a plan's targets and assumptions (04-sync, "Projections")."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.sync.alert.rules import listed
from services.sync.plan_version.rules import PlanVersion, month_index
from services.sync.quantities import stored_figure, stored_figure_or_none
from services.sync.variance.rules import PathTarget, prorated_target, required_growth_rate
from shared.contracts.sync import ProjectionMonth, ProjectionStatus
from shared.kernel.money import EXACT
from shared.kernel.periods import add_months, month_end, month_start

DEFAULT_PAYROLL_SHARE = Decimal("0.5")
DEFAULT_SALARY_GROWTH = Decimal("0.05")
MOST_MONTHS = 120
"""A projection reaches ten years at most, so that its event stays small."""

PLAN, OBSERVED, DEFAULT, WHAT_IF = "plan", "observed", "default", "what_if"


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that a projection rests on, and where it comes from: plan, observed, default or what_if."""

    value: Decimal
    origin: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What costs are made of. Burn is net and a month's; both rates are fractions (growth a month's)."""

    burn: Assumption
    payroll_share: Assumption
    salary_growth: Assumption


@dataclass(frozen=True, slots=True)
class Forecast:
    """A projection's figures, as stored and told."""

    start_on: date
    start_revenue: Decimal
    start_cash: Decimal | None
    required_growth_rate: Decimal | None
    break_even_month: date | None
    cash_out_month: date | None
    months: tuple[ProjectionMonth, ...]


def assumptions_of(version: PlanVersion, observed_burn: Decimal | None) -> Assumptions:
    """The plan's assumptions, else what was observed, else the defaults.

    Without an expected burn the newest observed one counts, and without that 0: costs then equal
    the revenue at the start.
    """
    targets = version.targets
    if targets.expected_burn_rate is not None:
        burn = Assumption(targets.expected_burn_rate, PLAN)
    elif observed_burn is not None:
        burn = Assumption(observed_burn, OBSERVED)
    else:
        burn = Assumption(Decimal(0), DEFAULT)
    return Assumptions(
        burn,
        _or_default(targets.payroll_share, DEFAULT_PAYROLL_SHARE),
        _or_default(targets.salary_growth, DEFAULT_SALARY_GROWTH),
    )


def _or_default(given: Decimal | None, default: Decimal) -> Assumption:
    return Assumption(default, DEFAULT) if given is None else Assumption(given, PLAN)


def month_ends_to(start: date, target_on: date) -> tuple[date, ...]:
    """The month ends after the start's month, up to the month of the target's date."""
    count = min(month_index(target_on) - month_index(start), MOST_MONTHS)
    return tuple(month_end(add_months(month_start(start), number)) for number in range(1, count + 1))


def costs_after(first: Decimal, months: int, assumed: Assumptions) -> Decimal:
    """costs_k = C0 (1 - p) + C0 p (1 + g)^k: payroll grows, the rest stays."""
    payroll = EXACT.multiply(first, assumed.payroll_share.value)
    growth = EXACT.power(EXACT.add(Decimal(1), assumed.salary_growth.value), Decimal(months))
    return EXACT.add(EXACT.subtract(first, payroll), EXACT.multiply(payroll, growth))


def planned_costs(way: PathTarget, assumed: Assumptions, months: int) -> Decimal:
    """The costs of the month that is ``months`` after the path's start."""
    return costs_after(EXACT.add(assumed.burn.value, way.baseline), months, assumed)


@dataclass(frozen=True, slots=True)
class Course:
    """What one month is made of. ``inflow`` is cash that is neither revenue nor costs (a round, a loan)."""

    month_end: date
    revenue: Decimal
    costs: Decimal
    inflow: Decimal = Decimal(0)


def forecast(way: PathTarget, cash: Decimal | None, assumed: Assumptions) -> Forecast | None:
    """Revenue along the path, costs from C0 = burn + revenue, and what is left; null when no month is left.

    Revenue of a month is the path's value at its end.
    """
    ends = month_ends_to(way.baseline_on, way.target_on)
    courses = [
        Course(end, prorated_target(way, end), planned_costs(way, assumed, number))
        for number, end in enumerate(ends, start=1)
    ]
    return unfolded(way, cash, courses) if courses else None


def unfolded(way: PathTarget, cash: Decimal | None, courses: Sequence[Course]) -> Forecast:
    """Burn, cash and runway of months, from what each of them is made of.

    Cash starts at the newest observation (null without one, and then no month has cash or runway).
    Runway is cash / net burn; null when nothing is burned, 0 when there is no cash left.
    """
    months: list[ProjectionMonth] = []
    left = cash
    for course in courses:
        burn = EXACT.subtract(course.costs, course.revenue)
        left = None if left is None else EXACT.add(EXACT.subtract(left, burn), course.inflow)
        months.append(
            ProjectionMonth(
                month_end=course.month_end,
                revenue=stored_figure(course.revenue),
                costs=stored_figure(course.costs),
                net_burn=stored_figure(burn),
                cash=stored_figure_or_none(left),
                runway_months=stored_figure_or_none(_runway(left, burn)),
            )
        )
    return Forecast(
        way.baseline_on,
        stored_figure(way.baseline),
        stored_figure_or_none(cash),
        stored_figure_or_none(required_growth_rate(way)),
        next((month.month_end for month in months if month.net_burn <= 0), None),
        next((month.month_end for month in months if month.cash is not None and month.cash <= 0), None),
        tuple(months),
    )


def _runway(cash: Decimal | None, burn: Decimal) -> Decimal | None:
    if cash is None or burn <= 0:
        return None
    return EXACT.divide(max(cash, Decimal(0)), burn)


def projection_name(plan_version: int) -> str:
    """What a projection is called."""
    return f"Business plan baseline (v{plan_version})"


@dataclass(frozen=True, slots=True)
class Footing:
    """Whether a projection still rests on the plan as it is, and why not."""

    status: ProjectionStatus
    note: str | None = None
    outdated_by: PlanVersion | None = None


SUPERSEDED_NOTE = "A newer projection took its place."
LONGEST_LIFE_DAYS = 30
AGED_NOTE = f"It is older than {LONGEST_LIFE_DAYS} days."


def footing(plan_version: int, versions: Sequence[PlanVersion], *, superseded: bool, aged: bool = False) -> Footing:
    """A projection is outdated by the first later version with a financial change, a newer projection, or its age."""
    later = (version for version in versions if version.version > plan_version and version.financial_change)
    cause = min(later, key=lambda version: version.version, default=None)
    if cause is not None:
        fields = f": {listed(cause.changed_fields)}" if cause.changed_fields else ""
        return Footing(ProjectionStatus.OUTDATED, f"Plan v{cause.version} changed{fields}.", cause)
    if superseded:
        return Footing(ProjectionStatus.OUTDATED, SUPERSEDED_NOTE)
    if aged:
        return Footing(ProjectionStatus.OUTDATED, AGED_NOTE)
    return Footing(ProjectionStatus.ACTIVE)
