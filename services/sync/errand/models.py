"""The queue of what workers have to do."""

from sqlalchemy import CheckConstraint, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from services.sync.base import SyncTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args

NOTICE, LETTER, WEBHOOK, PORTFOLIO = "notice", "letter", "webhook", "portfolio"


class Errand(SyncTable):
    """Work with the id of what it is about.

    A notice to spread, a letter to send, an endpoint that has deliveries, or an organization whose MRR has moved.

    One replica at a time carries it out, until ``held_until``; it is gone when it is done. ``again``: it has failed.
    """

    __tablename__ = "errands"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(f"kind IN ('{NOTICE}', '{LETTER}', '{WEBHOOK}', '{PORTFOLIO}')", name="kind"),
        # serves: what is due of a kind, longest due first
        Index("ix_errands_due", "kind", "due_at"),
        deletable=True,
        unaudited="a queue",
        global_reason="workers look for what is due before they know whose it is",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    kind: Mapped[str]
    organization_id: Mapped[Id]
    due_at: Mapped[Instant]
    held_until: Mapped[Instant | None]
    again: Mapped[bool] = mapped_column(server_default=false())
