"""Request and response bodies of scenarios and bands."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from services.sync.projection.schemas import ProjectionOut
from services.sync.scenario.rules.bands import PERCENTILES, Bands
from services.sync.scenario.rules.course import Adjustment, Scenario, Step
from shared.contracts.sync import ProjectionMonth
from shared.kernel.money import Amount, Ratio
from shared.platform.http.bodies import Answer, Body, Name

LARGEST_FACTOR = Decimal(10)
LARGEST_GROWTH = Decimal(1)
MOST_STEPS = 24
PlanVersionNumber = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]
NamedScenario = Literal[Scenario.CONSERVATIVE, Scenario.BASE, Scenario.AGGRESSIVE]


def _factor(value: Decimal) -> Decimal:
    if not 0 <= value <= LARGEST_FACTOR:
        raise ValueError(f'a factor lies between "0" and "{LARGEST_FACTOR}"')
    return value


def _growth(value: Decimal) -> Decimal:
    if not -LARGEST_GROWTH < value <= LARGEST_GROWTH:
        raise ValueError('a monthly growth is a fraction above "-1", up to "1"')
    return value


def _money(value: Decimal) -> Decimal:
    if abs(value) > Decimal(10) ** 13:
        raise ValueError("no amount is beyond ten trillion")
    return value


Factor = Annotated[Amount, AfterValidator(_factor)]
Growth = Annotated[Amount, AfterValidator(_growth)]
Money = Annotated[Amount, AfterValidator(_money)]


class ScenariosBody(Body):
    """Which scenarios of which plan version (the current one if not given)."""

    scenarios: Annotated[tuple[NamedScenario, ...], Field(min_length=1, max_length=3)] = (
        Scenario.CONSERVATIVE,
        Scenario.BASE,
        Scenario.AGGRESSIVE,
    )
    plan_version: PlanVersionNumber | None = None


class StepBody(Body):
    """Something that happens in the month of ``on``: from then on monthly, or (``inflow``) once."""

    on: date
    monthly_revenue: Money = Decimal(0)
    monthly_costs: Money = Decimal(0)
    inflow: Money = Decimal(0)


class WhatIfBody(Body):
    """What if something were different from the plan. Everything that is not given is as the plan has it.

    ``growth_factor`` and ``cost_factor`` multiply each month's growth and costs; ``monthly_growth`` (a
    fraction) takes the place of the path's growth; the other figures take the place of the plan's own.
    """

    name: Name
    plan_version: PlanVersionNumber | None = None
    growth_factor: Factor = Decimal(1)
    cost_factor: Factor = Decimal(1)
    monthly_growth: Growth | None = None
    target_mrr: Money | None = None
    target_date: date | None = None
    expected_burn_rate: Money | None = None
    payroll_share: Factor | None = None
    salary_growth: Growth | None = None
    steps: Annotated[tuple[StepBody, ...], Field(max_length=MOST_STEPS)] = ()

    @model_validator(mode="after")
    def _is_a_share(self) -> "WhatIfBody":
        if self.payroll_share is not None and self.payroll_share > 1:
            raise ValueError('payroll_share is a fraction between "0" and "1"')
        return self

    def adjustment(self) -> Adjustment:
        """What differs in growth and costs."""
        steps = tuple(Step(step.on, step.monthly_revenue, step.monthly_costs, step.inflow) for step in self.steps)
        return Adjustment(self.growth_factor, self.cost_factor, self.monthly_growth, steps)


class ScenarioSetOut(Answer):
    """The projections of the scenarios that were asked for, all from the same start."""

    items: list[ProjectionOut]


class WhatIfOut(Answer):
    """The figures of a what-if that was not kept."""

    name: str
    plan_version: int
    currency: str
    start_on: date
    start_revenue: Amount
    start_cash: Amount | None
    required_growth_rate: Ratio | None
    break_even_month: date | None
    cash_out_month: date | None
    months: list[ProjectionMonth]


class PercentilesOut(Answer):
    """A figure at the 5th, 25th, 50th, 75th and 95th percentile of the drawn paths."""

    p5: Amount | None
    p25: Amount | None
    p50: Amount | None
    p75: Amount | None
    p95: Amount | None

    @classmethod
    def of(cls, values: tuple[Decimal | None, ...]) -> "PercentilesOut":
        """In the order of ``PERCENTILES``."""
        return cls(**{f"p{percent}": value for percent, value in zip(PERCENTILES, values, strict=True)})


class BandMonthOut(Answer):
    """Percentiles of a month. A null runway: at that percentile nothing is burned.

    ``solvent_share``: the fraction of paths that never ran out of cash up to then (null without cash).
    """

    month_end: date
    revenue: PercentilesOut
    runway_months: PercentilesOut | None
    solvent_share: Ratio | None


class BandsOut(Answer):
    """Percentile bands of a projection, and what they were drawn with.

    ``volatility`` is the standard deviation of monthly log growth: the venture's own, or as given.
    """

    projection: str
    volatility: Ratio
    volatility_origin: Literal["observed", "given"]
    paths: int
    seed: int
    months: list[BandMonthOut]

    @classmethod
    def of(cls, name: str, bands: Bands, *, given: bool) -> "BandsOut":
        """From drawn bands."""
        return cls(
            projection=name,
            volatility=bands.volatility,
            volatility_origin="given" if given else "observed",
            paths=bands.paths,
            seed=bands.seed,
            months=[
                BandMonthOut(
                    month_end=month.month_end,
                    revenue=PercentilesOut.of(month.revenue),
                    runway_months=None if month.runway_months is None else PercentilesOut.of(month.runway_months),
                    solvent_share=month.solvent_share,
                )
                for month in bands.months
            ],
        )
