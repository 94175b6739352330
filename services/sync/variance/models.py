"""Comparisons: one row per effective observation."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.contracts.sync import PerformanceStatus
from shared.platform.db.tables import TableKind, table_args

_STATUSES = ", ".join(f"'{status.value}'" for status in PerformanceStatus)


class Variance(SyncTable):
    """The comparison of one effective observation with its pro-rated target.

    ``version`` rises only when the content differs. ``baseline``, ``baseline_on`` and ``target_on``
    are the ends of the path, so that the target can be explained. A row whose observation was
    withdrawn stays with ``withdrawn`` set, and is never current.
    """

    __tablename__ = "variances"
    __table_args__ = table_args(
        TableKind.DERIVED,
        CheckConstraint(f"status IN ({_STATUSES})", "status"),
        CheckConstraint("NOT (current AND withdrawn)", "current_holds"),
        # serves: the former current comparison of a kind; filters current=true
        Index(
            "ix_variances_current",
            "organization_id",
            "venture_id",
            "metric",
            postgresql_where=text("current"),
        ),
        # serves: the first actual of a venture
        Index(
            "ix_variances_first_actual",
            "organization_id",
            "venture_id",
            "observed_on",
            postgresql_where=text("metric = 'mrr' AND actual <> 0 AND NOT withdrawn"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    observed_on: Mapped[date] = mapped_column(primary_key=True)
    version: Mapped[int]
    source: Mapped[str]
    actual: Mapped[Decimal]
    target: Mapped[Decimal | None]
    final_target: Mapped[Decimal | None]
    variance_pct: Mapped[Decimal | None]
    progress_pct: Mapped[Decimal | None]
    status: Mapped[str]
    plan_id: Mapped[UUID | None]
    plan_version: Mapped[int | None]
    path: Mapped[str | None]
    baseline: Mapped[Decimal | None]
    baseline_on: Mapped[date | None]
    target_on: Mapped[date | None]
    currency: Mapped[str | None]
    current: Mapped[bool]
    plan_sync_status: Mapped[str | None]
    withdrawn: Mapped[bool]
    computed_at: Mapped[datetime]
