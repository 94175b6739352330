"""Disputes."""

from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.ledger.models import LedgerRow, ledger_items
from shared.platform.db.tables import Instant, Minor, TableKind, table_args


class Dispute(LedgerRow):
    """Money that a bank takes back (``withdrawn_at``) and may return (``reinstated_at``)."""

    __tablename__ = "disputes"
    __table_args__ = table_args(
        TableKind.DERIVED,
        *ledger_items("disputes", listed_by="opened_at", key="dispute_id"),
    )

    dispute_id: Mapped[str] = mapped_column(primary_key=True)
    payment_id: Mapped[str | None]
    charge_id: Mapped[str | None]
    amount_minor: Mapped[Minor]
    status: Mapped[str]
    reason: Mapped[str | None]
    opened_at: Mapped[Instant]
    withdrawn_at: Mapped[Instant | None]
    reinstated_at: Mapped[Instant | None]
    fee_minor: Mapped[Minor | None]
