"""Deviations that a person should see."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.contracts.finance import MetricKind
from shared.kernel.money import Amount, Percent, Ratio


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
