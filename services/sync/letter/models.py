"""Letters."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args
from shared.platform.mail import PostedLetter, known_state


class Letter(PostedLetter, SyncTable):
    """A letter to a member, written once for each ``cause``. The address is looked up when it is sent."""

    __tablename__ = "letters"
    __table_args__ = table_args(
        TableKind.OWNED,
        known_state(),
        Index("uq_letters_cause", "organization_id", "user_id", "cause", unique=True),
        deletable=True,
        unaudited="a queue of letters",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    user_id: Mapped[Id]
    cause: Mapped[str]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[Instant]
