"""Milestones that were reached."""

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class MilestoneView(SyncTable):
    """A milestone that a venture reached; ``what`` says by which actual, if it was one."""

    __tablename__ = "milestones"
    __table_args__ = table_args(
        TableKind.READ_MODEL,
        # serves: the newest milestone of the ventures of a batch
        Index(None, "organization_id", "venture_id", "reached_on"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int]
    venture_id: Mapped[UUID]
    name: Mapped[str]
    what: Mapped[str | None]
    reached_on: Mapped[date]
