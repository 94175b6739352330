"""SQL of alerts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.models import Alert, AlertChange
from services.sync.alert.rules import Finding, Outlook
from services.sync.hot import Reading
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertStatus, AlertType, Severity
from shared.platform.db.bulk import bulk_insert, bulk_put


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """An alert as it is stored; ``finding`` is what it says."""

    organization_id: UUID
    id: UUID
    venture_id: UUID
    version: int
    status: AlertStatus
    finding: Finding
    raised_at: datetime
    changed_at: datetime
    quiet_month: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an alert's history."""

    alert: StoredAlert
    change: str
    changed_by: UUID | None = None
    reason: str | None = None


_SELECTED = (
    "organization_id",
    "id",
    "venture_id",
    "version",
    "status",
    "raised_at",
    "changed_at",
    "quiet_month",
    "type",
    "severity",
    "title",
    "message",
    "suggested_action",
    "related_plan_section",
    "metric",
    "observed_on",
    "variance_pct",
    "plan_version",
    "forecast",
)


def stored_alert(row: Alert) -> StoredAlert:
    """A row as a value."""
    return _stored(tuple(getattr(row, name) for name in _SELECTED))


def _stored(row: tuple[Any, ...]) -> StoredAlert:
    organization, identity, venture, version, status, raised_at, changed_at, quiet_month, *said = row
    alert_type, severity, title, message, action, section, metric, observed_on, variance_pct, plan_version, *rest = said
    finding = Finding(
        AlertType(alert_type),
        Severity(severity),
        title,
        message,
        action,
        section,
        MetricKind(metric) if metric else None,
        observed_on,
        variance_pct,
        plan_version,
        outlook_of(rest[0]),
    )
    return StoredAlert(
        organization, identity, venture, version, AlertStatus(status), finding, raised_at, changed_at, quiet_month
    )


def outlook_of(forecast: Mapping[str, str | None] | None) -> Outlook | None:
    """A stored forecast as a value."""
    if forecast is None:
        return None
    value, low, high, growth = (forecast[name] for name in ("value", "low", "high", "growth"))
    on = date.fromisoformat(str(forecast["on"]))
    return Outlook(
        on, Decimal(str(value)), Decimal(str(low)), Decimal(str(high)), None if growth is None else Decimal(growth)
    )


def forecast_of(outlook: Outlook | None) -> dict[str, str | None] | None:
    """A forecast as it is stored: JSON, figures as text."""
    if outlook is None:
        return None
    figures = {name: f"{getattr(outlook, name):f}" for name in ("value", "low", "high")}
    return {
        "on": outlook.on.isoformat(),
        **figures,
        "growth": None if outlook.growth is None else f"{outlook.growth:f}",
    }


def _row(alert: StoredAlert) -> dict[str, Any]:
    said = alert.finding
    return {
        "organization_id": alert.organization_id,
        "id": alert.id,
        "venture_id": alert.venture_id,
        "version": alert.version,
        "type": said.type.value,
        "severity": said.severity.value,
        "status": alert.status.value,
        "title": said.title,
        "message": said.message,
        "suggested_action": said.suggested_action,
        "related_plan_section": said.related_plan_section,
        "metric": said.metric.value if said.metric else None,
        "observed_on": said.observed_on,
        "variance_pct": said.variance_pct,
        "plan_version": said.plan_version,
        "raised_at": alert.raised_at,
        "changed_at": alert.changed_at,
        "quiet_month": alert.quiet_month,
        "forecast": forecast_of(said.outlook),
    }


def _change_row(change: Change) -> dict[str, Any]:
    alert, said = change.alert, change.alert.finding
    return {
        "organization_id": alert.organization_id,
        "alert_id": alert.id,
        "version": alert.version,
        "change": change.change,
        "severity": said.severity.value,
        "message": said.message,
        "observed_on": said.observed_on,
        "variance_pct": said.variance_pct,
        "plan_version": said.plan_version,
        "changed_at": alert.changed_at,
        "changed_by": change.changed_by,
        "reason": change.reason,
    }


def standing_alerts(ventures: Collection[VentureKey], quiet_since: date) -> Reading[list[StoredAlert]]:
    """The open alerts of ventures, and those dismissed in or after a month."""
    return Reading(
        """
        SELECT a.organization_id, a.id, a.venture_id, a.version, a.status, a.raised_at, a.changed_at, a.quiet_month,
               a.type, a.severity, a.title, a.message, a.suggested_action, a.related_plan_section, a.metric,
               a.observed_on, a.variance_pct, a.plan_version, a.forecast
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN alerts a ON a.organization_id = asked.organization_id AND a.venture_id = asked.venture_id
        WHERE a.status = 'open' OR (a.status = 'dismissed' AND a.quiet_month >= %s)
        """,
        (*venture_columns(ventures), quiet_since),
        lambda rows: list(map(_stored, rows)),
    )


async def write_changes(session: AsyncSession, changes: Sequence[Change]) -> None:
    """Write alerts whose version rose, and what happened to them."""
    await bulk_put(session, Alert, [_row(change.alert) for change in changes], key=("organization_id", "id"))
    await bulk_insert(session, AlertChange, [_change_row(change) for change in changes])


async def alert_by_id(session: AsyncSession, organization_id: UUID, alert_id: UUID) -> Alert | None:
    """One alert as it is now."""
    return await session.get(Alert, (organization_id, alert_id), populate_existing=True)


async def history_of(session: AsyncSession, organization_id: UUID, alert_id: UUID) -> list[AlertChange]:
    """Everything that happened to an alert, oldest first."""
    statement = (
        select(AlertChange).filter_by(organization_id=organization_id, alert_id=alert_id).order_by(AlertChange.version)
    )
    return list(await session.scalars(statement))


def listed_alerts(
    organization_id: UUID,
    *,
    venture_id: UUID | None,
    status: AlertStatus | None,
    severity: Severity | None,
    alert_type: AlertType | None,
) -> Select[Alert]:
    """The alerts of an organization, filtered."""
    wanted = {"venture_id": venture_id, "status": status, "severity": severity, "type": alert_type}
    given = {name: value for name, value in wanted.items() if value is not None}
    return select(Alert).filter_by(organization_id=organization_id, **given)
