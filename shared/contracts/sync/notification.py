"""What is told to people and to webhook endpoints."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind
from shared.contracts.finance import MetricKind
from shared.contracts.sync.alert import AlertType, Severity
from shared.kernel.money import Percent


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
