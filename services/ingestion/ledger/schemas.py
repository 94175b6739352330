"""What the ledger's rows show over HTTP."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.ingestion.dispute.models import Dispute
from services.ingestion.ledger.models import LedgerRow
from services.ingestion.payment.models import Payment
from services.ingestion.payout.models import Payout
from services.ingestion.refund.models import Refund
from services.ingestion.subscription.models import SubscriptionState
from services.ingestion.subscription.rules.history import event_members
from shared.contracts.ingestion import PayoutStatus, RefundStatus, SubscriptionDiscount, SubscriptionItem
from shared.kernel.currency import minor_to_decimal
from shared.kernel.money import Amount, CurrencyCode
from shared.platform.http.bodies import Answer


class LedgerOut(Answer):
    """What every ledger row shows. ``account_id`` null: unlinked; ``evidence``: the Stripe events behind it."""

    connection_id: UUID
    version: int
    currency: CurrencyCode
    customer_id: str | None
    account_id: UUID | None
    venture_id: UUID | None
    evidence: list[str]
    recorded_at: datetime
    changed_at: datetime


class MoneyOut(LedgerOut):
    """A ledger row with an amount, in ISO 4217 minor units and as decimal text."""

    amount_minor: int
    amount: Amount


class PaymentOut(MoneyOut):
    """Money captured from a customer. ``fee`` is null until its balance transaction is known."""

    payment_id: str
    charge_id: str | None
    invoice_id: str | None
    fee_minor: int | None
    occurred_at: datetime

    @classmethod
    def of(cls, row: Payment) -> "PaymentOut":
        """A stored payment."""
        return cls.model_validate(members(row))


class RefundOut(MoneyOut):
    """Money given back: counts from ``refunded_at``, added back at ``failed_at``."""

    refund_id: str
    payment_id: str | None
    charge_id: str | None
    status: RefundStatus
    refunded_at: datetime
    failed_at: datetime | None

    @classmethod
    def of(cls, row: Refund) -> "RefundOut":
        """A stored refund."""
        return cls.model_validate(members(row))


class DisputeOut(MoneyOut):
    """A dispute: funds leave at ``withdrawn_at`` and come back at ``reinstated_at``."""

    dispute_id: str
    payment_id: str | None
    charge_id: str | None
    status: str
    reason: str | None
    opened_at: datetime
    withdrawn_at: datetime | None
    reinstated_at: datetime | None
    fee_minor: int | None

    @classmethod
    def of(cls, row: Dispute) -> "DisputeOut":
        """A stored dispute."""
        return cls.model_validate(members(row))


class PayoutOut(MoneyOut):
    """Money sent to the bank. ``deposited``: it was paid; ``reversed_on``: and came back on that day."""

    payout_id: str
    status: PayoutStatus
    arrival_date: date
    automatic: bool
    deposited: bool
    reversed_on: date | None

    @classmethod
    def of(cls, row: Payout) -> "PayoutOut":
        """A stored payout."""
        return cls.model_validate(members(row))


class SubscriptionStateOut(LedgerOut):
    """The state of a subscription from ``effective_at`` until its next one."""

    subscription_id: str
    effective_at: datetime
    status: str
    paused: bool
    deleted: bool
    cancel_at_period_end: bool
    current_period_end: datetime | None
    canceled_at: datetime | None
    ended_at: datetime | None
    trial_end: datetime | None
    items: list[SubscriptionItem]
    discounts: list[SubscriptionDiscount]
    unresolved_discounts: list[str]

    @classmethod
    def of(cls, row: SubscriptionState) -> "SubscriptionStateOut":
        """A stored state."""
        return cls.model_validate(members(row) | event_members(row.content))


def members(row: LedgerRow) -> dict[str, Any]:
    """A row's columns, with the amount as a decimal."""
    table: Any = row.__table__
    shown = {column.key: getattr(row, column.key) for column in table.columns}
    if "amount_minor" in shown:
        shown["amount"] = minor_to_decimal(shown["amount_minor"], shown["currency"])
    return shown
