"""What is told of an alert's change, and of a month's review (04-sync, "Alerts")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.identity import Role
from shared.contracts.sync import AlertType, NotificationType, PerformanceStatus, Severity
from shared.kernel.money import quantize


@dataclass(frozen=True, slots=True)
class NewNotice:
    """Something to tell. Another with the same ``cause`` tells nothing new, and is not written."""

    cause: str
    type: NotificationType
    severity: Severity
    title: str
    message: str
    suggested_action: str = ""
    venture_id: UUID | None = None
    alert_type: AlertType | None = None
    alert_id: UUID | None = None
    related_plan_section: str | None = None
    metric: str | None = None
    observed_on: date | None = None
    variance_pct: Decimal | None = None
    plan_version: int | None = None
    needs_role: Role = Role.VIEWER


def told_of(change: str, severity: Severity, before: Severity | None) -> NotificationType | None:
    """What an alert's change is to people: of updates only a rise of the severity is told."""
    if change == "raised":
        return NotificationType.ALERT_RAISED
    if change == "updated" and before is not None and severity.rank > before.rank:
        return NotificationType.ALERT_ESCALATED
    if change == "resolved":
        return NotificationType.ALERT_RESOLVED
    return None


def review_notice(
    venture_id: UUID, month: date, status: PerformanceStatus, metrics: Sequence[Mapping[str, Any]]
) -> NewNotice | None:
    """A reviewed month in which something was off; None when nothing was. ``metrics`` are those that deviate."""
    lagging = status is PerformanceStatus.LAGGING
    if not lagging and not metrics:
        return None
    off = ", ".join(f"{one['metric']} {_signed(one['variance_pct'])}" for one in metrics)
    return NewNotice(
        cause=f"review:{venture_id}:{month:%Y-%m}",
        type=NotificationType.REVIEW_COMPLETED,
        severity=Severity.WARNING if lagging else Severity.INFO,
        title=f"Review of {month:%B %Y}: {'lagging behind the plan' if lagging else 'off the plan'}",
        message=f"More than 15 % off their targets: {off}." if off else "MRR lags behind its target.",
        suggested_action="Read the review, and see whether the plan still stands.",
        venture_id=venture_id,
    )


def _signed(percent: str) -> str:
    return f"{quantize(Decimal(percent), 1):+f} %"


def disabled_notice(endpoint_id: UUID, version: int, name: str, reason: str) -> NewNotice:
    """An endpoint to which nothing is posted any more; administrators are told."""
    return NewNotice(
        cause=f"webhook-endpoint:{endpoint_id}:{version}",
        type=NotificationType.WEBHOOK_DISABLED,
        severity=Severity.WARNING,
        title=f"The webhook endpoint {name!r} was switched off",
        message=reason,
        suggested_action="Mend the receiver, then switch the endpoint on again: what waits is delivered then.",
        needs_role=Role.ADMIN,
    )
