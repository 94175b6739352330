"""Events of plans: ventures and their business plans."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.kernel.money import Amount, CurrencyCode, Percent, Ratio


class VentureStage(StrEnum):
    """How far a venture has come."""

    IDEA = "IDEA"
    PRE_REVENUE = "PRE_REVENUE"
    GROWTH = "GROWTH"
    SCALING = "SCALING"
    PROFITABLE = "PROFITABLE"


class MarketType(StrEnum):
    """What kind of market a venture is in."""

    BLUE_OCEAN = "BLUE_OCEAN"
    RED_OCEAN = "RED_OCEAN"
    NICHE = "NICHE"


class VentureState(Event, kind=Kind.SNAPSHOT, key=("venture_id",), sequence="version"):
    """The public state of a venture (one business of the organization)."""

    venture_id: UUID
    version: int = Field(ge=1)
    name: str
    description: str = ""
    stage: VentureStage
    market_type: MarketType | None = None
    currency: CurrencyCode
    is_cash_holding: bool = False
    archived_at: datetime | None = None


class VentureCreated(VentureState, type="venture.created"):
    """A venture came to be."""


class VentureUpdated(VentureState, type="venture.updated"):
    """A venture's data changed, or it was archived or restored."""


class PlanStatus(StrEnum):
    """How complete a plan is."""

    DRAFT = "DRAFT"
    COMPLETE = "COMPLETE"
    INVESTOR_READY = "INVESTOR_READY"
    ARCHIVED = "ARCHIVED"


class TargetPath(StrEnum):
    """How a target is reached from its baseline."""

    COMPOUND = "compound"
    LINEAR = "linear"
    CUSTOM = "custom"


class CustomPathPoint(Part):
    """The promised MRR at the end of one month of a custom path."""

    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-03"])
    amount: Amount


class PlanTargets(Part):
    """Targets and assumptions of a plan. Amounts are in the organization's base currency.

    ``target_*`` follow the path from the baseline; every ``expected_*`` is constant. Rates
    (``expected_growth_rate``, ``salary_growth``, ``payroll_share``) are fractions a month.
    """

    target_mrr: Amount | None = None
    target_arr: Amount | None = None
    target_customers: int | None = None
    target_date: date | None = None
    baseline_value: Amount | None = None
    baseline_date: date | None = None
    path: TargetPath | None = None
    custom_path: tuple[CustomPathPoint, ...] = ()
    expected_cac: Amount | None = None
    expected_ltv: Amount | None = None
    expected_ltv_cac: Ratio | None = None
    expected_payback_months: Amount | None = None
    payroll_share: Ratio | None = None
    expected_burn_rate: Amount | None = None
    expected_runway_months: Amount | None = None
    expected_growth_rate: Ratio | None = None
    salary_growth: Ratio | None = None


class PlanStrategy(Part):
    """The strategy sections of a plan: Markdown text, scores from 0 to 10, market sizes."""

    vision: str | None = None
    tagline: str | None = None
    one_line_pitch: str | None = None
    problem: str | None = None
    problem_score: int | None = None
    solution: str | None = None
    key_features: tuple[str, ...] = ()
    market: str | None = None
    market_tam: Amount | None = None
    market_sam: Amount | None = None
    market_som: Amount | None = None
    opportunity_score: int | None = None
    revenue_model: str | None = None
    gtm_strategy: str | None = None
    unit_economics: str | None = None
    moat: str | None = None
    competition: str | None = None
    team: str | None = None
    feasibility: str | None = None
    feasibility_score: int | None = None
    willingness_to_pay: str | None = None
    willingness_to_pay_score: int | None = None
    financials: str | None = None
    ask: str | None = None


class FieldChange(Part):
    """One changed field of a plan: before and after, as JSON values."""

    field: str
    old: Any = None
    new: Any = None


class PlanState(Event, kind=Kind.SNAPSHOT, key=("plan_id",), sequence="version"):
    """One whole version of a venture's plan.

    ``pofw_score`` is Problem + Opportunity + Feasibility + Willingness-to-pay out of 40, null
    until all four are set. ``financial_change``: a target, an assumption or the go-to-market
    strategy differs from the version before.
    """

    plan_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    saved_at: datetime
    saved_by: UUID
    status: PlanStatus
    label: str | None = None
    strategy: PlanStrategy
    targets: PlanTargets
    pofw_score: int | None = None
    completeness_pct: Percent
    financial_change: bool
    changes: tuple[FieldChange, ...] = ()


class PlanCreated(PlanState, type="plan.created"):
    """A venture got its first plan version."""


class PlanUpdated(PlanState, type="plan.updated"):
    """A plan was saved with a change: a new version."""
