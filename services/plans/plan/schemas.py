"""Request and response bodies of plans."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.plans.plan.models import PlanComparison, PlanVersion
from services.plans.plan.rules import AMOUNT_LIMIT, RATIO_PLACES, Completeness, PlanContent, completeness
from shared.contracts.plans import (
    CustomPathPoint,
    FieldChange,
    PlanStatus,
    PlanStrategy,
    PlanTargets,
    TargetPath,
)
from shared.contracts.sync import PlanSyncStatus
from shared.kernel.money import Amount, Percent, Ratio
from shared.kernel.text import OneLine, OptionalProse, Prose
from shared.platform.http.bodies import Body

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
MONTHS_LIMIT = 1200
CUSTOM_PATH_LIMIT = 240
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
PlanAmount = Annotated[Amount, Field(ge=0, le=AMOUNT_LIMIT)]
MarketAmount = Annotated[Amount, Field(ge=0, le=_MARKET_LIMIT)]
Months = Annotated[Amount, Field(ge=0, le=MONTHS_LIMIT)]
Share = Annotated[Ratio, Field(ge=0, le=1, decimal_places=RATIO_PLACES)]
MonthlyGrowth = Annotated[Ratio, Field(gt=-1, le=10, decimal_places=RATIO_PLACES)]
SalaryGrowth = Annotated[Ratio, Field(ge=-1, le=1, decimal_places=RATIO_PLACES)]
Quotient = Annotated[Ratio, Field(ge=0, le=1_000_000, decimal_places=RATIO_PLACES)]
PlanDay = Annotated[date, AfterValidator(_sane_day)]
Month = Annotated[str, Field(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2026-03"]), AfterValidator(_sane_month)]
KnownVersion = Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)]


class CustomPathMonth(Body):
    """The MRR promised at the end of one month."""

    month: Month
    amount: PlanAmount


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

    def value(self) -> PlanTargets:
        """As the domain's value object."""
        points = tuple(CustomPathPoint(month=point.month, amount=point.amount) for point in self.custom_path)
        fields = {name: getattr(self, name) for name in type(self).model_fields if name != "custom_path"}
        return PlanTargets(**fields, custom_path=points)


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

    Left out, the save is accepted while the current version is the caller's own.
    """

    strategy: StrategyBody = Field(default_factory=StrategyBody)
    targets: TargetsBody = Field(default_factory=TargetsBody)
    label: OneLine | None = None
    version: KnownVersion | None = None

    def content(self) -> PlanContent:
        """What the plan shall say."""
        return PlanContent(self.strategy.value(), self.targets.value())


class RestoreBody(Body):
    """Restore an older version as a new one."""

    label: OneLine | None = None
    version: KnownVersion | None = None


class LabelBody(Body):
    """A name for one version, e.g. "Series A pitch"; null takes it away."""

    label: OneLine | None


class SectionOut(BaseModel):
    """How far one section is filled in."""

    section: str
    required: bool
    completeness_pct: Percent
    missing: list[str]


class PofwOut(BaseModel):
    """Problem + Opportunity + Feasibility + Willingness-to-pay, each 0-10; null until all four are set."""

    problem: int | None
    opportunity: int | None
    feasibility: int | None
    willingness_to_pay: int | None
    total: int | None


class PlanOut(BaseModel):
    """One version of a plan, whole."""

    id: UUID
    venture_id: UUID
    version: int
    current: bool
    status: PlanStatus
    label: str | None
    saved_at: datetime
    saved_by: UUID
    restored_from: int | None
    strategy: PlanStrategy
    targets: PlanTargets
    pofw: PofwOut
    pofw_score: int | None
    completeness_pct: Percent
    sections: list[SectionOut]
    financial_change: bool
    changed_fields: list[str]
    sync_status: PlanSyncStatus | None = None
    last_synced_at: datetime | None = None

    @classmethod
    def of(
        cls, plan_version: PlanVersion, venture_id: UUID, *, current: bool, comparison: PlanComparison | None = None
    ) -> "PlanOut":
        """From the rows; ``comparison`` is the newest one, for the current version only."""
        content = plan_version.content()
        complete = completeness(content)
        return cls(
            id=plan_version.plan_id,
            venture_id=venture_id,
            version=plan_version.version,
            current=current,
            status=PlanStatus(plan_version.status),
            label=plan_version.label,
            saved_at=plan_version.saved_at,
            saved_by=plan_version.saved_by,
            restored_from=plan_version.restored_from,
            strategy=content.strategy,
            targets=content.targets,
            pofw=_pofw(content, plan_version.pofw_score),
            pofw_score=plan_version.pofw_score,
            completeness_pct=complete.pct,
            sections=_sections(complete),
            financial_change=plan_version.financial_change,
            changed_fields=plan_version.changed_fields(),
            sync_status=comparison.sync_status() if comparison else None,
            last_synced_at=comparison.computed_at if comparison else None,
        )


def _pofw(content: PlanContent, total: int | None) -> PofwOut:
    strategy = content.strategy
    return PofwOut(
        problem=strategy.problem_score,
        opportunity=strategy.opportunity_score,
        feasibility=strategy.feasibility_score,
        willingness_to_pay=strategy.willingness_to_pay_score,
        total=total,
    )


def _sections(complete: Completeness) -> list[SectionOut]:
    return [
        SectionOut(
            section=section.name,
            required=section.required,
            completeness_pct=section.pct,
            missing=list(section.missing),
        )
        for section in complete.sections
    ]


class PlanVersionOut(BaseModel):
    """One version of a plan, in short."""

    version: int
    status: PlanStatus
    label: str | None
    saved_at: datetime
    saved_by: UUID
    restored_from: int | None
    pofw_score: int | None
    completeness_pct: Percent
    financial_change: bool
    changed_fields: list[str]
    target_mrr: Amount | None
    target_arr: Amount | None
    target_customers: int | None
    target_date: date | None

    @classmethod
    def of(cls, row: PlanVersion) -> "PlanVersionOut":
        """From the version's row."""
        targets = PlanTargets.model_validate(row.targets)
        return cls(
            version=row.version,
            status=PlanStatus(row.status),
            label=row.label,
            saved_at=row.saved_at,
            saved_by=row.saved_by,
            restored_from=row.restored_from,
            pofw_score=row.pofw_score,
            completeness_pct=row.completeness_pct,
            financial_change=row.financial_change,
            changed_fields=row.changed_fields(),
            target_mrr=targets.target_mrr,
            target_arr=targets.target_arr,
            target_customers=targets.target_customers,
            target_date=targets.target_date,
        )


class PlanDiffOut(BaseModel):
    """What changed from one version to another, field by field."""

    venture_id: UUID
    from_version: int
    to_version: int
    financial_change: bool
    changes: list[FieldChange]
