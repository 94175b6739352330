"""Refunds."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.ledger.models import LedgerRow, ledger_items
from shared.platform.db.tables import Instant, Minor, TableKind, table_args


class Refund(LedgerRow):
    """Money given back: counts from ``refunded_at``, is added back at ``failed_at``."""

    __tablename__ = "refunds"
    __table_args__ = table_args(
        TableKind.DERIVED,
        *ledger_items("refunds", listed_by="refunded_at", key="refund_id"),
        CheckConstraint("status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')", name="status"),
        CheckConstraint("(failed_at IS NOT NULL) = (status IN ('failed', 'canceled'))", name="failed_at"),
    )

    refund_id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str | None]
    charge_id: Mapped[str | None]
    amount_minor: Mapped[Minor]
    status: Mapped[str]
    refunded_at: Mapped[Instant]
    failed_at: Mapped[Instant | None]
