"""What organizations and their members prefer."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class NotificationPreferences(SyncTable):
    """What one scope wants: a user's own, or the organization's (``scope_id`` is its own id then)."""

    __tablename__ = "notification_preferences"
    __table_args__ = table_args(TableKind.OWNED)

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    scope_id: Mapped[Id] = mapped_column(primary_key=True)
    version: Mapped[int]
    preferences: Mapped[dict[str, Any]]
    changed_at: Mapped[Instant]
    changed_by: Mapped[Id]
