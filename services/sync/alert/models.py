"""Alerts and everything that happened to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.contracts.sync import AlertStatus, AlertType, Severity
from shared.platform.db.tables import TableKind, table_args


def _one_of(column: str, values: type[AlertType] | type[Severity] | type[AlertStatus]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value.value) for value in values)})", column)


class Alert(SyncTable):
    """A deviation that a person should see. One open alert per venture and type.

    ``quiet_month`` is the first day of the local month in which it was dismissed: until that month
    ends, a deviation of no higher severity raises nothing. ``forecast`` is the outlook of TARGET_AT_RISK, as JSON.
    """

    __tablename__ = "alerts"
    __table_args__ = table_args(
        TableKind.OWNED,
        _one_of("type", AlertType),
        _one_of("severity", Severity),
        _one_of("status", AlertStatus),
        CheckConstraint("(status = 'dismissed') = (quiet_month IS NOT NULL)", "dismissed_is_quiet"),
        Index(
            "uq_alerts_open",
            "organization_id",
            "venture_id",
            "type",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        # serves: what was dismissed this month
        Index(
            "ix_alerts_quiet",
            "organization_id",
            "venture_id",
            "quiet_month",
            postgresql_where=text("status = 'dismissed'"),
        ),
        # serves: the list of alerts, newest first
        Index(None, "organization_id", "raised_at", "id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    type: Mapped[str]
    severity: Mapped[str]
    status: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    suggested_action: Mapped[str]
    related_plan_section: Mapped[str | None]
    metric: Mapped[str | None]
    observed_on: Mapped[date | None]
    variance_pct: Mapped[Decimal | None]
    plan_version: Mapped[int | None]
    raised_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    quiet_month: Mapped[date | None]
    forecast: Mapped[dict[str, Any] | None]


class AlertChange(SyncTable):
    """One entry of an alert's history: what it said from this version on, and who or what changed it."""

    __tablename__ = "alert_changes"
    __table_args__ = table_args(TableKind.OWNED, unaudited="the history of an alert, which is audited itself")

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    change: Mapped[str]
    severity: Mapped[str]
    message: Mapped[str]
    observed_on: Mapped[date | None]
    variance_pct: Mapped[Decimal | None]
    plan_version: Mapped[int | None]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]
    reason: Mapped[str | None]
