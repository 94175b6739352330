"""Letters that carry a report."""

from datetime import date

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.base import ReportingTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args
from shared.platform.mail import PostedLetter, known_state


class ReportLetter(PostedLetter, ReportingTable):
    """A letter to a member, written once for each slot of the job. The address is looked up when it is sent."""

    __tablename__ = "report_letters"
    __table_args__ = table_args(
        TableKind.OWNED,
        known_state(),
        Index("uq_report_letters_slot", "organization_id", "slot", "user_id", unique=True),
        unaudited="a queue of letters",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    slot: Mapped[date]
    user_id: Mapped[Id]
    report_id: Mapped[Id]
    subject: Mapped[str]
    body: Mapped[str]
    created_at: Mapped[Instant]


class LetterDue(ReportingTable):
    """A letter that waits for the mailer, under the letter's id; gone when the letter is settled.

    Who claims it moves ``due_at`` on, so that it is another's turn if nothing more is heard.
    """

    __tablename__ = "letters_due"
    __table_args__ = table_args(
        TableKind.OWNED,
        # the mailer: what is due, longest first
        Index("ix_letters_due_due_at", "due_at"),
        deletable=True,
        unaudited="a queue of letters",
        global_reason="the mailer looks for what is due before it knows whose it is",
    )

    id: Mapped[Id] = mapped_column(primary_key=True)
    organization_id: Mapped[Id]
    due_at: Mapped[Instant]
