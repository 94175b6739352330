"""Payouts."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.ledger.models import LedgerRow, ledger_items
from shared.platform.db.tables import Day, Minor, TableKind, table_args


class Payout(LedgerRow):
    """Money sent to the bank (a debit is negative). ``reversed_on``: failed or canceled after it was paid."""

    __tablename__ = "payouts"
    __table_args__ = table_args(
        TableKind.DERIVED,
        *ledger_items("payouts", listed_by="arrival_date", key="payout_id"),
        CheckConstraint("status IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')", name="status"),
        CheckConstraint("deposited OR reversed_on IS NULL", name="reversed_on"),
    )

    payout_id: Mapped[str] = mapped_column(primary_key=True)
    amount_minor: Mapped[Minor]
    status: Mapped[str]
    arrival_date: Mapped[Day]
    automatic: Mapped[bool]
    deposited: Mapped[bool]
    reversed_on: Mapped[Day | None]
