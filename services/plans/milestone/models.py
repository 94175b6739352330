"""Milestones."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from shared.contracts.plans import Direction
from shared.platform.db.tables import Day, Figure, Id, Instant, TableKind, table_args


class Milestone(PlansTable):
    """A point on a venture's way: a metric with its threshold, or manual (both null).

    Actuals dated ``counts_from`` or later reach it. ``reached_by`` is null when an actual reached it.
    """

    __tablename__ = "milestones"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(one_of("direction", Direction), name="direction"),
        CheckConstraint("(metric IS NULL) = (threshold IS NULL)", name="metric"),
        CheckConstraint("(reached_on IS NULL) = (reached_at IS NULL)", name="reached"),
        CheckConstraint("version >= 1", name="version"),
        # serves: the milestones of a venture
        Index(None, "organization_id", "venture_id", "id"),
        # serves: the milestones that actuals of a batch may reach
        Index(
            "ix_milestones_waiting",
            "organization_id",
            "venture_id",
            "metric",
            postgresql_where=text("metric IS NOT NULL AND reached_on IS NULL AND archived_at IS NULL"),
        ),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    name: Mapped[str]
    description: Mapped[str | None]
    metric: Mapped[str | None]
    threshold: Mapped[Figure | None]
    direction: Mapped[str]
    due_on: Mapped[Day | None]
    counts_from: Mapped[Day]
    reached_on: Mapped[Day | None]
    reached_at: Mapped[Instant | None]
    reached_by: Mapped[UUID | None]
    reached_actual: Mapped[Figure | None]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    archived_at: Mapped[Instant | None]
