"""What a notification lets its reader do."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.sync import AlertType, NotificationType

Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Action:
    """A button: ``path`` is relative to the organization."""

    label: str
    method: Method
    path: str
    needs_role: Role


def action_of(
    kind: NotificationType, alert_type: AlertType | None, alert_id: UUID | None, venture_id: UUID | None
) -> Action | None:
    """What to do about it, where one call does it; else where to read on."""
    if kind is NotificationType.WEBHOOK_DISABLED:
        return Action("See webhook endpoints", "GET", "webhook-endpoints", Role.ADMIN)
    if kind is NotificationType.REVIEW_COMPLETED:
        return Action("Read the review", "GET", f"reviews?venture={venture_id}", Role.VIEWER)
    if kind is not NotificationType.ALERT_RESOLVED and alert_type is AlertType.PROJECTION_OUTDATED:
        return Action("Regenerate projections", "POST", f"ventures/{venture_id}/projections", Role.MEMBER)
    return Action("See the alert", "GET", f"alerts/{alert_id}", Role.VIEWER) if alert_id else None
