"""A plan's course under other growth and costs (04-sync, "Projections", scenarios)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.sync.plan_version.rules import month_index
from services.sync.projection.rules import Assumptions, Course, Forecast, month_ends_to, planned_costs, unfolded
from services.sync.variance.rules import PathTarget, prorated_target
from shared.kernel.money import EXACT

_ONE = Decimal(1)


class Scenario(StrEnum):
    """The three that investors ask for, and free ones."""

    CONSERVATIVE = "conservative"
    BASE = "base"
    AGGRESSIVE = "aggressive"
    WHAT_IF = "what_if"

    @property
    def label(self) -> str:
        """How a person reads it."""
        return {"what_if": "What if"}.get(self.value, self.value.capitalize())


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens in a month.

    ``monthly_revenue`` and ``monthly_costs`` are added to that month and every later one, ``inflow``
    (a round, a loan; negative: a repayment) to the cash of that month alone.
    """

    on: date
    monthly_revenue: Decimal = Decimal(0)
    monthly_costs: Decimal = Decimal(0)
    inflow: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is different from the plan.

    ``growth_factor`` multiplies the growth of each month, ``cost_factor`` the costs of each month;
    ``monthly_growth`` (a fraction) takes the place of the path's growth before it is multiplied.
    """

    growth_factor: Decimal = _ONE
    cost_factor: Decimal = _ONE
    monthly_growth: Decimal | None = None
    steps: tuple[Step, ...] = ()


ADJUSTMENTS: Mapping[Scenario, Adjustment] = {
    Scenario.CONSERVATIVE: Adjustment(Decimal("0.75"), Decimal("1.10")),
    Scenario.BASE: Adjustment(),
    Scenario.AGGRESSIVE: Adjustment(Decimal("1.25"), Decimal("0.95")),
}
"""The stated multipliers: three quarters of the plan's growth at 10 % more cost; five quarters at 5 % less."""


def adjusted_growth(growth: Decimal, factor: Decimal) -> Decimal:
    """A growth (rate or amount) under a factor: more of it when it is one, less of it when it is a decline.

    A factor above 1 is better in both directions: a decline is multiplied by 2 - factor, at least by 0.
    """
    return EXACT.multiply(growth, factor if growth >= 0 else max(EXACT.subtract(Decimal(2), factor), Decimal(0)))


def adjusted_revenue(way: PathTarget, ends: Sequence[date], change: Adjustment) -> list[Decimal]:
    """Revenue at month ends: each month's growth of the path, adjusted, on the revenue before it.

    Where the path comes from 0 (or below) there is no rate: the amount it grows by is adjusted.
    """
    if change.growth_factor == 1 and change.monthly_growth is None:
        return [prorated_target(way, end) for end in ends]
    revenue, before = way.baseline, way.baseline
    found = []
    for end in ends:
        planned = prorated_target(way, end)
        if change.monthly_growth is not None:
            rate = adjusted_growth(change.monthly_growth, change.growth_factor)
            revenue = EXACT.multiply(revenue, EXACT.add(_ONE, rate))
        elif before > 0 and revenue > 0:
            rate = adjusted_growth(EXACT.subtract(EXACT.divide(planned, before), _ONE), change.growth_factor)
            revenue = EXACT.multiply(revenue, EXACT.add(_ONE, rate))
        else:
            revenue = EXACT.add(revenue, adjusted_growth(EXACT.subtract(planned, before), change.growth_factor))
        before = planned
        found.append(revenue)
    return found


def adjusted_courses(way: PathTarget, assumed: Assumptions, change: Adjustment) -> list[Course]:
    """What each month to the target's date is made of; empty when no month is left."""
    ends = month_ends_to(way.baseline_on, way.target_on)
    courses = []
    for number, (end, revenue) in enumerate(zip(ends, adjusted_revenue(way, ends, change), strict=True), start=1):
        costs = EXACT.multiply(planned_costs(way, assumed, number), change.cost_factor)
        inflow = Decimal(0)
        for step in change.steps:
            begun = month_index(step.on) <= month_index(end)
            revenue = EXACT.add(revenue, step.monthly_revenue) if begun else revenue  # noqa: PLW2901 - of this month
            costs = EXACT.add(costs, step.monthly_costs) if begun else costs
            # What came in before the first projected month is counted there: the cash at the start lacks it.
            due = month_index(step.on) == month_index(end) or (number == 1 and begun)
            inflow = EXACT.add(inflow, step.inflow) if due else inflow
        courses.append(Course(end, revenue, costs, inflow))
    return courses


def scenario_forecast(
    way: PathTarget, cash: Decimal | None, assumed: Assumptions, change: Adjustment
) -> Forecast | None:
    """The month-by-month forecast of a scenario; null when no month is left. Base is the plan's own projection."""
    courses = adjusted_courses(way, assumed, change)
    return unfolded(way, cash, courses) if courses else None


def scenario_name(scenario: Scenario, plan_version: int, given: str | None = None) -> str:
    """What a scenario's projection is called, e.g. "Conservative (v3)"."""
    return f"{given or scenario.label} (v{plan_version})"
