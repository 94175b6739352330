"""Monthly snapshots."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class MonthlyReview(SyncTable):
    """How a venture did in a month: the month's last comparison of each kind, as JSON of ``ReviewedMetric``.

    A review that is run again and finds other figures has a higher revision.
    """

    __tablename__ = "monthly_reviews"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(r"month ~ '^\d{4}-\d{2}$'", "month"),
        # serves: a month's reviews of an organization
        Index(None, "organization_id", "month", "venture_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int]
    plan_id: Mapped[UUID | None]
    plan_version: Mapped[int | None]
    status: Mapped[str]
    metrics: Mapped[list[Any]]
    reviewed_at: Mapped[datetime]
