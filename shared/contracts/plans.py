"""Events of plans: ventures and their business plans."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.kernel.money import Amount, CurrencyCode, Percent, Ratio

METRIC_NAME = r"^[a-z][a-z0-9_]{0,49}$"
MetricName = Annotated[str, Field(pattern=METRIC_NAME, examples=["mrr", "monthly_churn"])]
"""What is observed: a ``MetricKind`` such as ``mrr``, or the key of one of the plan's custom metrics."""


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
    """How complete a plan is. An archived plan promises nothing."""

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


class Direction(StrEnum):
    """Which way a metric gets better."""

    MORE_IS_BETTER = "more_is_better"
    LESS_IS_BETTER = "less_is_better"


class CustomMetricTarget(Part):
    """A metric that the organization defines itself, with the target that follows a path like MRR's.

    ``target_date``, ``path`` and ``baseline_date`` that are null are the plan's own; a null
    ``baseline_value`` is the newest observation of the metric on or before the baseline's date.
    """

    key: MetricName
    name: str
    unit: str | None = None
    direction: Direction = Direction.MORE_IS_BETTER
    target: Amount | None = None
    target_date: date | None = None
    baseline_value: Amount | None = None
    baseline_date: date | None = None
    path: TargetPath | None = None
    custom_path: tuple[CustomPathPoint, ...] = ()


class PlanTargets(Part):
    """Targets and assumptions of a plan. Amounts are in the organization's base currency.

    ``target_*`` and custom metrics follow a path from a baseline; every ``expected_*`` is constant. Rates
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
    custom_metrics: tuple[CustomMetricTarget, ...] = ()


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
    strategy differs from the version before, or the plan was archived or taken back.
    ``restored_from`` is the version whose content this one repeats, ``accepted_proposal_id`` the
    proposal of targets (``targets.proposed``) that it accepts.
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
    restored_from: int | None = None
    accepted_proposal_id: UUID | None = None


class PlanCreated(PlanState, type="plan.created"):
    """A venture got its first plan version."""


class PlanUpdated(PlanState, type="plan.updated"):
    """A plan was saved with a change: a new version."""


class PlanInvestorReady(
    Event, type="plan.investor_ready", kind=Kind.FACT, key=("plan_id", "version"), sequence="revision"
):
    """A person tagged one version of a plan as ready for investors. The tag stays with that version."""

    plan_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    revision: int = Field(default=1, ge=1)
    label: str | None = None
    tagged_at: datetime
    tagged_by: UUID


class PlanFlag(StrEnum):
    """What a plan asks of its people, beside its status."""

    NEEDS_REVIEW = "needs_review"


class PlanFlagged(Event, type="plan.flagged", kind=Kind.SNAPSHOT, key=("plan_id", "flag"), sequence="version"):
    """A flag of a plan was set, or cleared (``raised`` false).

    needs_review is set by the monthly review of a lagging venture, and cleared by a saved change or by
    a person who has reviewed the plan; ``touched_at`` is when a person last did either.
    """

    plan_id: UUID
    venture_id: UUID
    flag: PlanFlag
    version: int = Field(ge=1)
    raised: bool
    reason: str | None = None
    month: str | None = Field(default=None, examples=["2026-03"])
    plan_version: int = Field(ge=1)
    changed_at: datetime
    changed_by: UUID | None = None
    touched_at: datetime


class GoalStatus(StrEnum):
    """Where a goal stands."""

    OPEN = "open"
    REACHED = "reached"
    DROPPED = "dropped"


class GoalUpdated(Event, type="goal.updated", kind=Kind.SNAPSHOT, key=("goal_id",), sequence="version"):
    """The public state of a goal: something that a venture wants to reach, as a metric's target or as text.

    ``external_url`` and ``external_key`` point to a tracker (OKR) in which it is worked on.
    """

    goal_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    title: str
    description: str | None = None
    metric: MetricName | None = None
    target: Amount | None = None
    due_on: date | None = None
    owner_id: UUID | None = None
    plan_section: str | None = None
    status: GoalStatus
    external_url: str | None = None
    external_key: str | None = None
    changed_at: datetime
    changed_by: UUID
    archived_at: datetime | None = None


class MilestoneReached(Event, type="milestone.reached", kind=Kind.FACT, key=("milestone_id",), sequence="revision"):
    """A milestone was reached: by an actual (``metric``, ``threshold``, ``actual``) or said by a person. Told once."""

    milestone_id: UUID
    venture_id: UUID
    revision: int = Field(default=1, ge=1)
    name: str
    metric: MetricName | None = None
    threshold: Amount | None = None
    actual: Amount | None = None
    due_on: date | None = None
    reached_on: date
    reached_at: datetime
    reached_by: UUID | None = None
