"""Request and response bodies of alerts."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.sync.alert.models import Alert, AlertChange
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertForecast, AlertStatus, AlertType, Severity
from shared.kernel.money import Percent
from shared.platform.http.bodies import Answer, Body, Note


class AlertLinks(Answer):
    """Where to read on, relative to the organization."""

    comparison: str | None
    metric: str | None
    plan_version: str | None


class AlertOut(Answer):
    """A deviation that a person should see."""

    id: UUID
    venture_id: UUID
    version: int
    type: AlertType
    severity: Severity
    status: AlertStatus
    title: str
    message: str
    suggested_action: str
    related_plan_section: str | None
    metric: MetricKind | None
    observed_on: date | None
    variance_pct: Percent | None
    plan_version: int | None
    forecast: AlertForecast | None
    raised_at: datetime
    changed_at: datetime
    allowed_actions: list[Literal["dismiss"]]
    links: AlertLinks

    @classmethod
    def of(cls, row: Alert) -> "AlertOut":
        """From a stored alert."""
        return cls(**_members(row))


class AlertChangeOut(Answer):
    """What an alert said from a version on, and who or what changed it (null: the facts did)."""

    version: int
    change: Literal["raised", "updated", "resolved", "dismissed"]
    severity: Severity
    message: str
    observed_on: date | None
    variance_pct: Percent | None
    plan_version: int | None
    changed_at: datetime
    changed_by: UUID | None
    reason: str | None


class AlertWithHistoryOut(AlertOut):
    """An alert and everything that happened to it, oldest first."""

    history: list[AlertChangeOut]

    @classmethod
    def with_history(cls, row: Alert, changes: list[AlertChange]) -> "AlertWithHistoryOut":
        """From a stored alert and its changes."""
        return cls(**_members(row), history=[AlertChangeOut.model_validate(change) for change in changes])


class DismissBody(Body):
    """Why an alert is dismissed, if there is something to say."""

    reason: Note | None = None


def _members(row: Alert) -> dict[str, object]:
    columns = {name: getattr(row, name) for name in AlertOut.model_fields if name not in ("allowed_actions", "links")}
    actions = ["dismiss"] if row.status == AlertStatus.OPEN.value else []
    return columns | {"allowed_actions": actions, "links": _links(row)}


def _links(row: Alert) -> AlertLinks:
    venture = f"ventures/{row.venture_id}"
    day = f"{row.metric}/{row.observed_on}" if row.metric and row.observed_on else None
    return AlertLinks(
        comparison=f"{venture}/variances/{day}" if day else None,
        metric=f"{venture}/metrics?metric={row.metric}&from={row.observed_on}&to={row.observed_on}" if day else None,
        plan_version=f"{venture}/plan/versions/{row.plan_version}" if row.plan_version else None,
    )
