"""Notifications."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from services.sync.preference.rules import EmailTiming
from shared.platform.db.tables import Id, Instant, TableKind, table_args

_IN_A_DIGEST = "letter_id IS NULL AND email IN ('daily', 'weekly')"


class Notification(SyncTable):
    """A notice for one member: once, whatever is repeated.

    ``in_app``: it is in their list. ``email``: how a letter tells of it, ``letter_id`` which one does.
    """

    __tablename__ = "notifications"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(f"email IN ({', '.join(repr(value.value) for value in EmailTiming)})", name="email"),
        # serves: a member's list, newest first
        Index("ix_notifications_listed", "organization_id", "user_id", "created_at", "notice_id"),
        # serves: how many are unread
        Index(
            "ix_notifications_unread",
            "organization_id",
            "user_id",
            postgresql_where=text("in_app AND read_at IS NULL"),
        ),
        # serves: what the next digest tells
        Index("ix_notifications_digest", "organization_id", "user_id", postgresql_where=text(_IN_A_DIGEST)),
        deletable=True,
        unaudited="what somebody has read is no deed",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id] = mapped_column(primary_key=True)
    notice_id: Mapped[Id] = mapped_column(primary_key=True)
    venture_id: Mapped[Id | None]
    in_app: Mapped[bool]
    email: Mapped[str]
    letter_id: Mapped[Id | None]
    created_at: Mapped[Instant]
    read_at: Mapped[Instant | None]
