"""Goals."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable, one_of
from shared.contracts.plans import GoalStatus
from shared.platform.db.tables import Day, Figure, Id, Instant, TableKind, table_args


class Goal(PlansTable):
    """Something that a venture wants to reach; a metric comes with its target, and may be missing."""

    __tablename__ = "goals"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(one_of("status", GoalStatus), name="status"),
        CheckConstraint("(metric IS NULL) = (target IS NULL)", name="metric"),
        CheckConstraint("version >= 1", name="version"),
        # serves: the goals of a venture
        Index(None, "organization_id", "venture_id", "id"),
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[UUID]
    version: Mapped[int]
    title: Mapped[str]
    description: Mapped[str | None]
    metric: Mapped[str | None]
    target: Mapped[Figure | None]
    due_on: Mapped[Day | None]
    owner_id: Mapped[UUID | None]
    plan_section: Mapped[str | None]
    status: Mapped[str]
    external_url: Mapped[str | None]
    external_key: Mapped[str | None]
    created_at: Mapped[Instant]
    created_by: Mapped[UUID]
    changed_at: Mapped[Instant]
    changed_by: Mapped[UUID]
    archived_at: Mapped[Instant | None]
