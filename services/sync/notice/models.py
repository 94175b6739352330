"""Notices."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.contracts.identity import Role
from shared.contracts.sync import NotificationType, Severity
from shared.platform.db.tables import Id, Instant, TableKind, table_args


def _one_of(column: str, values: type[NotificationType] | type[Severity] | type[Role]) -> CheckConstraint:
    return CheckConstraint(f"{column} IN ({', '.join(repr(value.value) for value in values)})", name=column)


class Notice(SyncTable):
    """What happened, written with what caused it: once for each ``cause``.

    Without a venture it is the whole organization's; ``needs_role`` is the least role of who is told.
    """

    __tablename__ = "notices"
    __table_args__ = table_args(
        TableKind.OWNED,
        _one_of("type", NotificationType),
        _one_of("severity", Severity),
        _one_of("needs_role", Role),
        Index("uq_notices_cause", "organization_id", "cause", unique=True),
        unaudited="it tells of what is audited itself",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    cause: Mapped[str]
    venture_id: Mapped[Id | None]
    type: Mapped[str]
    severity: Mapped[str]
    title: Mapped[str]
    message: Mapped[str]
    suggested_action: Mapped[str]
    alert_type: Mapped[str | None]
    alert_id: Mapped[Id | None]
    related_plan_section: Mapped[str | None]
    metric: Mapped[str | None]
    observed_on: Mapped[date | None]
    variance_pct: Mapped[Decimal | None]
    plan_version: Mapped[int | None]
    needs_role: Mapped[str]
    created_at: Mapped[Instant]
