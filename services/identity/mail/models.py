"""Letters."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.base import IdentityTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args


class Mail(IdentityTable):
    """A letter that waits, or was sent. Its body is sealed, and gone once it was sent (it may hold a token)."""

    __tablename__ = "mails"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the mailer: unsent letters that are due, oldest first
        Index("ix_mails_due", "next_attempt_at", postgresql_where="sent_at IS NULL"),
        global_reason="a letter goes to a person, who may belong to no organization yet",
        unaudited="a queue of letters",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    to_address: Mapped[str]
    subject: Mapped[str]
    sealed_body: Mapped[str | None]
    created_at: Mapped[Instant]
    next_attempt_at: Mapped[Instant]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    sent_at: Mapped[Instant | None]
