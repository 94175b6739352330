"""What organizations and ventures set instead of the default limits."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import TableKind, table_args


class AlertLimits(SyncTable):
    """The own limits of one scope: a venture's, or the organization's (``scope_id`` is its own id then).

    ``limits`` maps alert types to the members that differ (``warning``, ``critical``, ``enabled``).
    """

    __tablename__ = "alert_limits"
    __table_args__ = table_args(TableKind.OWNED)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    limits: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID]
