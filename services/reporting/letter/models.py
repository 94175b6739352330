"""Letters that carry a report."""

from datetime import date

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.base import ReportingTable
from shared.platform.db.tables import Id, Instant, TableKind, table_args

WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"


class ReportLetter(ReportingTable):
    """A letter to a member, written once for each slot of the job. The address is looked up when it is sent."""

    __tablename__ = "report_letters"
    __table_args__ = table_args(
        TableKind.OWNED,
        CheckConstraint(f"state IN ('{WAITING}', '{SENT}', '{GIVEN_UP}')", name="state"),
        Index("uq_report_letters_slot", "organization_id", "slot", "user_id", unique=True),
        # the mailer: letters that are due
        Index(
            "ix_report_letters_due",
            "organization_id",
            "next_attempt_at",
            postgresql_where=text(f"state = '{WAITING}'"),
        ),
        unaudited="a queue of letters",
    )

    organization_id: Mapped[Id] = mapped_column(primary_key=True)
    id: Mapped[Id] = mapped_column(primary_key=True)
    slot: Mapped[date]
    user_id: Mapped[Id]
    report_id: Mapped[Id]
    subject: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    created_at: Mapped[Instant]
    next_attempt_at: Mapped[Instant]
    settled_at: Mapped[Instant | None]
