"""Payments."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.ledger.models import LedgerRow, ledger_items
from shared.platform.db.tables import Instant, Minor, TableKind, table_args


class Payment(LedgerRow):
    """Money captured from a customer, once. ``payment_id``: the payment intent's id, else the charge's.

    Amounts are ISO 4217 minor units; 0: its newest state takes it back.
    """

    __tablename__ = "payments"
    __table_args__ = table_args(
        TableKind.DERIVED,
        *ledger_items("payments", listed_by="occurred_at", key="payment_id"),
        # the payments of an invoice, when its metadata tells whose it is
        Index("ix_payments_invoice", "organization_id", "connection_id", "invoice_id"),
    )

    payment_id: Mapped[str] = mapped_column(primary_key=True)
    charge_id: Mapped[str | None]
    invoice_id: Mapped[str | None]
    amount_minor: Mapped[Minor]
    fee_minor: Mapped[Minor | None]
    occurred_at: Mapped[Instant]
