"""The activity feed's rows."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.plans.base import PlansTable
from shared.platform.db.tables import Id, Instant, Json, TableKind, table_args


class Activity(PlansTable):
    """One thing that happened in a venture. ``actor_id`` is null when no person did it. Never changed."""

    __tablename__ = "activities"
    __table_args__ = table_args(TableKind.OWNED, unaudited="it tells of changes that are audited themselves")

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    happened_at: Mapped[Instant]
    actor_id: Mapped[UUID | None]
    kind: Mapped[str]
    detail: Mapped[Json]
