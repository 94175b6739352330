"""The states of subscriptions."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from services.ingestion.ledger.models import LedgerRow, ledger_items
from shared.platform.db.tables import Instant, TableKind, table_args


class SubscriptionState(LedgerRow):
    """The state of a subscription from ``effective_at`` until its next one; ``version`` is its revision."""

    __tablename__ = "subscription_states"
    __table_args__ = table_args(
        TableKind.DERIVED,
        *ledger_items("subscription_states", listed_by="effective_at", key="subscription_id"),
    )

    subscription_id: Mapped[str] = mapped_column(primary_key=True)
    effective_at: Mapped[Instant] = mapped_column(primary_key=True)
    status: Mapped[str]
    content: Mapped[dict[str, Any]]
