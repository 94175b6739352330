"""Request bodies of plans."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from services.plans.plan.rules import (
    AMOUNT_LIMIT,
    CUSTOM_METRICS_LIMIT,
    CUSTOM_PATH_LIMIT,
    RATIO_PLACES,
    PlanContent,
)
from services.plans.plan.schemas.example import EXAMPLE
from shared.contracts.plans import (
    CustomMetricTarget,
    CustomPathPoint,
    Direction,
    MetricName,
    PlanStrategy,
    PlanTargets,
    TargetPath,
)
from shared.kernel.money import Amount, Ratio
from shared.kernel.text import OneLine, OptionalProse, Prose
from shared.platform.http.bodies import Body

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MONTHS_LIMIT = 1200
KEY_FEATURES_LIMIT = 100
_MARKET_LIMIT = Decimal(10) ** 18


def _sane_day(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"a day between {FIRST_DAY} and {LAST_DAY}")
    return day


def _sane_month(month: str) -> str:
    if not FIRST_DAY.year <= int(month[:4]) <= LAST_DAY.year:
        raise ValueError(f"a month between {FIRST_DAY:%Y-%m} and {LAST_DAY:%Y-%m}")
    return month


def _filled(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in texts if text.strip())


Score = Annotated[int, Field(strict=True, ge=0, le=10)]
CustomAmount = Annotated[Amount, Field(ge=-AMOUNT_LIMIT, le=AMOUNT_LIMIT)]
PlanAmount = Annotated[Amount, Field(ge=0, le=AMOUNT_LIMIT)]
MarketAmount = Annotated[Amount, Field(ge=0, le=_MARKET_LIMIT)]
Months = Annotated[Amount, Field(ge=0, le=MONTHS_LIMIT)]
Share = Annotated[Ratio, Field(ge=0, le=1, decimal_places=RATIO_PLACES)]
MonthlyGrowth = Annotated[Ratio, Field(gt=-1, le=10, decimal_places=RATIO_PLACES)]
SalaryGrowth = Annotated[Ratio, Field(ge=-1, le=1, decimal_places=RATIO_PLACES)]
Quotient = Annotated[Ratio, Field(ge=0, le=AMOUNT_LIMIT, decimal_places=RATIO_PLACES)]
PlanDay = Annotated[date, AfterValidator(_sane_day)]
Month = Annotated[str, Field(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-03"]), AfterValidator(_sane_month)]
OnConflict = Literal["refuse", "merge"]
KnownVersion = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class CustomPathMonth(Body):
    """The MRR promised at the end of one month."""

    month: Month
    amount: PlanAmount


def _points(months: tuple[CustomPathMonth, ...]) -> tuple[CustomPathPoint, ...]:
    return tuple(CustomPathPoint(month=point.month, amount=point.amount) for point in months)


class CustomMetricBody(Body):
    """A metric of your own, and its target if it has one.

    ``key`` names it in observations, comparisons and goals. ``target_date``, ``path`` and ``baseline_date``
    that are left out are the plan's own.
    """

    key: MetricName
    name: Annotated[OneLine, Field(max_length=100)]
    unit: Annotated[OneLine, Field(max_length=20)] | None = None
    direction: Direction = Direction.MORE_IS_BETTER
    target: CustomAmount | None = None
    target_date: PlanDay | None = None
    baseline_value: CustomAmount | None = None
    baseline_date: PlanDay | None = None
    path: TargetPath | None = None
    custom_path: Annotated[tuple[CustomPathMonth, ...], Field(max_length=CUSTOM_PATH_LIMIT)] = ()

    def value(self) -> CustomMetricTarget:
        """As the domain's value object."""
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "custom_path"}
        return CustomMetricTarget(**fields, custom_path=_points(self.custom_path))


class TargetsBody(Body):
    """Targets and assumptions, amounts in the organization's base currency.

    ``target_mrr`` and ``target_arr`` imply each other; given both, they agree within 1 %.
    ``expected_ltv_cac`` defaults to the quotient: send null to have it computed again. Growth rates
    are fractions a month (0.05 is five percent).
    """

    target_mrr: PlanAmount | None = None
    target_arr: PlanAmount | None = None
    target_customers: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] | None = None
    target_date: PlanDay | None = None
    baseline_value: PlanAmount | None = None
    baseline_date: PlanDay | None = None
    path: TargetPath | None = None
    custom_path: Annotated[tuple[CustomPathMonth, ...], Field(max_length=CUSTOM_PATH_LIMIT)] = ()
    expected_cac: PlanAmount | None = None
    expected_ltv: PlanAmount | None = None
    expected_ltv_cac: Quotient | None = None
    expected_payback_months: Months | None = None
    payroll_share: Share | None = None
    expected_burn_rate: PlanAmount | None = None
    expected_runway_months: Months | None = None
    expected_growth_rate: MonthlyGrowth | None = None
    salary_growth: SalaryGrowth | None = None
    custom_metrics: Annotated[tuple[CustomMetricBody, ...], Field(max_length=CUSTOM_METRICS_LIMIT)] = ()

    def value(self) -> PlanTargets:
        """As the domain's value object."""
        made = {"custom_path", "custom_metrics"}
        fields = {name: getattr(self, name) for name in type(self).model_fields if name not in made}
        metrics = tuple(metric.value() for metric in self.custom_metrics)
        return PlanTargets(**fields, custom_path=_points(self.custom_path), custom_metrics=metrics)


class StrategyBody(Body):
    """The strategy sections: Markdown text, scores from 0 to 10, market sizes in the base currency."""

    vision: OptionalProse = None
    tagline: OptionalProse = None
    one_line_pitch: OptionalProse = None
    problem: OptionalProse = None
    problem_score: Score | None = None
    solution: OptionalProse = None
    key_features: Annotated[tuple[Prose, ...], Field(max_length=KEY_FEATURES_LIMIT), AfterValidator(_filled)] = ()
    market: OptionalProse = None
    market_tam: MarketAmount | None = None
    market_sam: MarketAmount | None = None
    market_som: MarketAmount | None = None
    opportunity_score: Score | None = None
    revenue_model: OptionalProse = None
    gtm_strategy: OptionalProse = None
    unit_economics: OptionalProse = None
    moat: OptionalProse = None
    competition: OptionalProse = None
    team: OptionalProse = None
    feasibility: OptionalProse = None
    feasibility_score: Score | None = None
    willingness_to_pay: OptionalProse = None
    willingness_to_pay_score: Score | None = None
    financials: OptionalProse = None
    ask: OptionalProse = None

    def value(self) -> PlanStrategy:
        """As the domain's value object."""
        return PlanStrategy(**{name: getattr(self, name) for name in type(self).model_fields})


class PlanBody(Body):
    """A whole plan. ``version`` (or If-Match) names the version that it was edited from.

    Left out, the save is accepted while the current version is the caller's own. ``on_conflict`` "merge"
    takes in what others have changed since, unless the same field was changed differently.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    strategy: StrategyBody = Field(default_factory=StrategyBody)
    targets: TargetsBody = Field(default_factory=TargetsBody)
    label: OneLine | None = None
    version: KnownVersion | None = None
    on_conflict: OnConflict = "refuse"

    def content(self) -> PlanContent:
        """What the plan shall say."""
        return PlanContent(self.strategy.value(), self.targets.value())


class RestoreBody(Body):
    """Restore an older version as a new one."""

    label: OneLine | None = None
    version: KnownVersion | None = None


class StandingBody(Body):
    """Say something of the plan as it is. ``version`` (or If-Match) is the version that you have seen."""

    version: KnownVersion | None = None


class InvestorReadyBody(StandingBody):
    """Tag the current version as ready for investors, and name it."""

    label: OneLine | None = None


class LabelBody(Body):
    """A name for one version, e.g. "Series A pitch"; null takes it away."""

    label: OneLine | None
