"""Sessions."""

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class Session(IdentityTable):
    """What one login began. ``id`` is the family of its refresh tokens."""

    __tablename__ = "sessions"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint("method IN ('password', 'provider')", name="method"),
        # a user's own sessions, newest first
        Index("ix_sessions_user", "user_id", "started_at"),
        global_reason="a session belongs to a user, who may have no organization",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    method: Mapped[str]
    address: Mapped[str]
    user_agent: Mapped[str]
    started_at: Mapped[Instant]
    last_used_at: Mapped[Instant] = mapped_column(info={"housekeeping": True})
    expires_at: Mapped[Instant] = mapped_column(info={"housekeeping": True})
    ended_at: Mapped[Instant | None]
    ended_because: Mapped[str | None]
