"""Ventures as the events of plans describe them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class VentureView(SyncTable):
    """A venture, as far as a comparison and its alerts need it."""

    __tablename__ = "ventures"
    __table_args__ = table_args(TableKind.READ_MODEL)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    name: Mapped[str]
    archived_at: Mapped[datetime | None]
