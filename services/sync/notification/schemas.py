"""Request and response bodies of notifications."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from services.sync.notice.models import Notice
from services.sync.notification.models import Notification
from services.sync.notification.rules import Method, action_of
from shared.contracts.identity import Role
from shared.contracts.sync import AlertType, NotificationType, Severity
from shared.platform.http.bodies import Answer, Body


class ActionOut(Answer):
    """What can be done about it: call ``path`` (relative to the organization) with ``method``."""

    label: str
    method: Method
    path: str


class NotificationOut(Answer):
    """Something that you are told. ``action`` is null when your role does not suffice for what there is to do."""

    id: UUID
    type: NotificationType
    severity: Severity
    title: str
    message: str
    suggested_action: str
    venture_id: UUID | None
    alert_type: AlertType | None
    alert_id: UUID | None
    related_plan_section: str | None
    action: ActionOut | None
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, mine: Notification, notice: Notice, role: Role) -> "NotificationOut":
        """A notice as one member, who has this role, is told it."""
        kind = NotificationType(notice.type)
        alert_type = AlertType(notice.alert_type) if notice.alert_type else None
        action = action_of(kind, alert_type, notice.alert_id, notice.venture_id)
        return cls(
            id=notice.id,
            type=kind,
            severity=Severity(notice.severity),
            title=notice.title,
            message=notice.message,
            suggested_action=notice.suggested_action,
            venture_id=notice.venture_id,
            alert_type=alert_type,
            alert_id=notice.alert_id,
            related_plan_section=notice.related_plan_section,
            action=ActionOut.model_validate(action) if action and role.covers(action.needs_role) else None,
            created_at=notice.created_at,
            read_at=mine.read_at,
        )


class UnreadOut(Answer):
    """How many notifications are unread, in all and by severity."""

    unread: int
    by_severity: dict[Severity, int]


class ReadAllBody(Body):
    """Up to which notification (the newest that you have seen); null: all."""

    up_to: UUID | None = Field(default=None, description="The id of a notification: it and older ones are read")


class ReadAllOut(Answer):
    """How many notifications were marked as read."""

    marked: int
