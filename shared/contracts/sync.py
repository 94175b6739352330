"""Events of sync: comparisons, projections, alerts, notifications."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import MetricName, TargetPath
from shared.kernel.money import Amount, CurrencyCode, Percent, Ratio


class PerformanceStatus(StrEnum):
    """How an actual stands against its target."""

    ON_TRACK = "ON_TRACK"
    LAGGING = "LAGGING"
    EXCEEDING = "EXCEEDING"
    MONITOR = "MONITOR"
    PLANNED = "PLANNED"
    NO_DATA = "NO_DATA"


class PlanSyncStatus(StrEnum):
    """What sync tells a plan about its MRR."""

    IN_SYNC = "IN_SYNC"
    ACTUAL_BELOW_TARGET = "ACTUAL_BELOW_TARGET"
    ACTUAL_ABOVE_TARGET = "ACTUAL_ABOVE_TARGET"


class VarianceComputed(
    Event,
    type="variance.computed",
    kind=Kind.SNAPSHOT,
    key=("venture_id", "metric", "observed_on"),
    sequence="version",
):
    """The comparison of one observation with its pro-rated target.

    ``current``: it is the newest-dated observation of its kind; ``plan_sync_status`` is set on the
    current MRR comparison only. ``withdrawn``: the observation no longer holds.
    """

    venture_id: UUID
    metric: MetricKind
    observed_on: date
    version: int = Field(ge=1)
    source: MetricSource
    actual: Amount
    target: Amount | None = None
    final_target: Amount | None = None
    variance_pct: Percent | None = None
    progress_pct: Percent | None = None
    status: PerformanceStatus
    plan_id: UUID | None = None
    plan_version: int | None = None
    path: TargetPath | None = None
    currency: CurrencyCode | None = None
    current: bool
    plan_sync_status: PlanSyncStatus | None = None
    withdrawn: bool = False
    computed_at: datetime


class ProjectionStatus(StrEnum):
    """Whether a projection still rests on the plan as it is."""

    ACTIVE = "ACTIVE"
    OUTDATED = "OUTDATED"


class ProjectionMonth(Part):
    """One month of a projection; ``runway_months`` is null when nothing is burned or cash is unknown."""

    month_end: date
    revenue: Amount
    costs: Amount
    net_burn: Amount
    cash: Amount | None = None
    runway_months: Amount | None = None


class ProjectionState(Event, kind=Kind.SNAPSHOT, key=("projection_id",), sequence="version"):
    """A month-by-month forecast from one plan version."""

    projection_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    name: str
    status: ProjectionStatus
    origin: str
    plan_version: int
    currency: CurrencyCode
    start_date: date
    required_growth_rate: Ratio | None = None
    break_even_month: date | None = None
    cash_out_month: date | None = None
    months: tuple[ProjectionMonth, ...]
    note: str | None = None
    scenario: str | None = None


class ProjectionCreated(ProjectionState, type="projection.created"):
    """A projection was made."""


class ProjectionOutdated(ProjectionState, type="projection.outdated"):
    """A projection no longer rests on the plan as it is."""


class AlertType(StrEnum):
    """What an alert is about."""

    MRR_BELOW_TARGET = "MRR_BELOW_TARGET"
    MRR_ABOVE_TARGET = "MRR_ABOVE_TARGET"
    BURN_EXCEEDS_FORECAST = "BURN_EXCEEDS_FORECAST"
    CAC_ABOVE_PLAN = "CAC_ABOVE_PLAN"
    LTV_BELOW_PLAN = "LTV_BELOW_PLAN"
    PAYBACK_ABOVE_PLAN = "PAYBACK_ABOVE_PLAN"
    CUSTOMERS_BELOW_TARGET = "CUSTOMERS_BELOW_TARGET"
    RUNWAY_BELOW_PLAN = "RUNWAY_BELOW_PLAN"
    RUNWAY_LOW = "RUNWAY_LOW"
    TARGET_AT_RISK = "TARGET_AT_RISK"
    FIRST_METRIC = "FIRST_METRIC"
    MILESTONE_REACHED = "MILESTONE_REACHED"
    PROJECTION_OUTDATED = "PROJECTION_OUTDATED"
    PLAN_STALE = "PLAN_STALE"
    PORTFOLIO_UNBALANCED = "PORTFOLIO_UNBALANCED"


class Severity(StrEnum):
    """How urgent an alert is."""

    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"

    @property
    def rank(self) -> int:
        """0 for INFO up to 2 for CRITICAL."""
        return list(Severity).index(self)


class AlertStatus(StrEnum):
    """Whether an alert still needs a person."""

    OPEN = "open"
    DISMISSED = "dismissed"
    RESOLVED = "resolved"


class AlertForecast(Part):
    """Where a trend leads: the value on a day with the ends of its 90 % interval, and its monthly growth.

    ``growth`` is a fraction; null when the trend is one of amounts and not of rates.
    """

    on: date
    value: Amount
    low: Amount
    high: Amount
    growth: Ratio | None = None


class AlertState(Event, kind=Kind.SNAPSHOT, key=("alert_id",), sequence="version"):
    """A deviation that a person should see."""

    alert_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    type: AlertType
    severity: Severity
    status: AlertStatus
    title: str
    message: str
    suggested_action: str
    related_plan_section: str | None = None
    metric: MetricKind | None = None
    observed_on: date | None = None
    variance_pct: Percent | None = None
    plan_version: int | None = None
    raised_at: datetime
    changed_at: datetime
    forecast: AlertForecast | None = None


class AlertRaised(AlertState, type="alert.raised"):
    """A deviation was found."""


class AlertUpdated(AlertState, type="alert.updated"):
    """The deviation changed."""


class AlertResolved(AlertState, type="alert.resolved"):
    """The deviation is gone."""


class AlertDismissed(AlertState, type="alert.dismissed"):
    """A person has seen it and wants no more of it."""


class NotificationType(StrEnum):
    """What is told to people and to webhook endpoints. ``webhook.test`` is told to an endpoint that is tried out."""

    ALERT_RAISED = "alert.raised"
    ALERT_ESCALATED = "alert.escalated"
    ALERT_RESOLVED = "alert.resolved"
    REVIEW_COMPLETED = "review.completed"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_TEST = "webhook.test"


class NotificationCreated(
    Event, type="notification.created", kind=Kind.FACT, key=("notification_id",), sequence="revision"
):
    """Something was told: to so many people (``recipients``) inside Trueup, and to webhook endpoints in this shape.

    Without a venture it concerns the whole organization.
    """

    notification_id: UUID
    revision: int = Field(default=1, ge=1)
    type: NotificationType
    severity: Severity
    title: str
    message: str
    suggested_action: str = ""
    venture_id: UUID | None = None
    alert_type: AlertType | None = None
    alert_id: UUID | None = None
    related_plan_section: str | None = None
    metric: MetricKind | None = None
    observed_on: date | None = None
    variance_pct: Percent | None = None
    plan_version: int | None = None
    recipients: int = Field(default=0, ge=0)
    created_at: datetime


class ReviewedMetric(Part):
    """One kind of a month's review: the month's last comparison."""

    metric: MetricName
    actual: Amount | None = None
    target: Amount | None = None
    variance_pct: Percent | None = None
    status: PerformanceStatus


class ReviewCompleted(Event, type="review.completed", kind=Kind.FACT, key=("venture_id", "month"), sequence="revision"):
    """The monthly review of one venture: how it did in the month before.

    ``status`` is that of its MRR; LAGGING ones get their plan flagged. A review that is run again and
    finds other figures has a higher revision.
    """

    venture_id: UUID
    month: str = Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", examples=["2026-03"])
    revision: int = Field(default=1, ge=1)
    plan_id: UUID | None = None
    plan_version: int | None = None
    status: PerformanceStatus
    metrics: tuple[ReviewedMetric, ...] = ()
    reviewed_at: datetime


class ProposalStatus(StrEnum):
    """Whether proposed targets still stand."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"


class ProposedTargets(Part):
    """The targets that a proposal would change; null ones stay as the plan has them."""

    target_mrr: Amount | None = None
    target_arr: Amount | None = None
    target_customers: int | None = None
    target_date: date | None = None
    baseline_value: Amount | None = None
    baseline_date: date | None = None
    path: TargetPath | None = None


class TargetsProposed(Event, type="targets.proposed", kind=Kind.SNAPSHOT, key=("proposal_id",), sequence="version"):
    """Actuals left the path for months: sync proposes other targets for one version of the plan.

    It never applies them: a person accepts them in plans, as a new version (``accepted_proposal_id``),
    or declines. Sync withdraws what no longer stands. ``months`` are those that left the path.
    """

    proposal_id: UUID
    venture_id: UUID
    version: int = Field(ge=1)
    plan_id: UUID
    plan_version: int = Field(ge=1)
    status: ProposalStatus
    targets: ProposedTargets
    reason: str
    months: tuple[str, ...] = ()
    proposed_at: datetime
    changed_at: datetime
