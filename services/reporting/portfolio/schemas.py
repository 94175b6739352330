"""The dashboard's answer."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.reporting.portfolio.rules.facts import Alert
from services.reporting.portfolio.rules.figures import PlanState, StageGroup
from shared.contracts.plans import VentureStage
from shared.contracts.sync import AlertType, PerformanceStatus, Severity
from shared.kernel.money import Amount, CurrencyCode, Percent, Ratio


class OrganizationOut(BaseModel):
    """Whose portfolio it is."""

    id: UUID
    name: str
    base_currency: CurrencyCode


class UnconvertedOut(BaseModel):
    """Money in a currency for which there is no rate: beside the total, never in it."""

    currency: CurrencyCode
    amount: Amount


class TotalsOut(BaseModel):
    """The portfolio's figures. Money is in the base currency, rounded half-even to its exponent."""

    ventures: int
    portfolio_mrr: Amount = Field(description="Sum of the ventures' newest effective MRR.")
    portfolio_mrr_previous: Amount = Field(description="The same sum as of the previous month end.")
    portfolio_mrr_change_pct: Percent | None = Field(description="Against the previous month end; null from nothing.")
    unconverted: list[UnconvertedOut]
    target_mrr: Amount = Field(description="Sum of the pro-rated targets with which actuals are compared.")
    final_target_mrr: Amount = Field(description="Sum of the plans' target MRR at their target dates.")
    average_runway_months: Ratio | None = Field(
        description="Mean runway of the ventures that burn cash; null when none is known."
    )
    average_runway_ventures: int = Field(description="How many ventures that average speaks for.")
    by_stage: dict[StageGroup, int] = Field(description="IDEA counts as pre-revenue, SCALING as growth.")
    by_status: dict[PerformanceStatus, int]
    open_alerts: dict[Severity, int]


class PlansOut(BaseModel):
    """How complete the plans are."""

    complete: int
    draft: int
    missing: int
    average_pofw: Percent | None = Field(description="Mean of the scored plans, out of 40.")


class AlertBrief(BaseModel):
    """An open alert of one venture."""

    id: UUID
    type: AlertType
    severity: Severity
    title: str
    message: str
    suggested_action: str
    related_plan_section: str | None
    raised_at: datetime

    @classmethod
    def of(cls, alert: Alert) -> "AlertBrief":
        """The public members of an alert."""
        return cls.model_validate(alert, from_attributes=True)


class AlertOut(AlertBrief):
    """An open alert with its venture."""

    venture_id: UUID
    venture_name: str


class VentureOut(BaseModel):
    """One venture: strategy beside performance."""

    id: UUID
    name: str
    stage: VentureStage
    plan: PlanState
    pofw_score: int | None = Field(description="Out of 40; null until all four parts are scored.")
    completeness_pct: Percent | None
    plan_version: int | None
    target_mrr: Amount | None = Field(description="The pro-rated target of the newest comparison.")
    final_target_mrr: Amount | None = Field(description="What the plan promises for its target date.")
    target_date: date | None
    actual_mrr: Amount | None
    variance_pct: Percent | None
    progress_pct: Percent | None = Field(description="Actual of the final target.")
    status: PerformanceStatus
    comparison_pending: bool = Field(
        description="True for the moment in which a new actual is known and its comparison is not yet."
    )
    runway_months: Ratio | None
    burn_rate: Amount | None = Field(description="Net burn a month; negative when cash grows.")
    customers: int | None
    alerts: list[AlertBrief]
    last_observed_on: date | None


class AlertFeedOut(BaseModel):
    """Open alerts, newest first, up to a limit; ``total`` counts all."""

    total: int
    items: list[AlertOut]


class PortfolioOut(BaseModel):
    """The whole dashboard in one answer."""

    as_of: date = Field(description="The organization's current day.")
    organization: OrganizationOut
    totals: TotalsOut
    plans: PlansOut
    ventures: list[VentureOut] = Field(description="By name.")
    alerts: AlertFeedOut
