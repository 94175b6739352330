"""Events of ingestion: the normalised money facts that came from the outside.

Amounts are given twice: exact in ISO 4217 minor units, and as a decimal string. ``account_id`` is
null while the object is not linked to an account ("unlinked"); ``venture_id`` is null when the
money belongs to no single venture ("shared"). ``evidence`` lists the provider's event ids.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event, Kind, Part
from shared.kernel.money import Amount, CurrencyCode, UnitAmount


class LedgerState(Event):
    """What every normalised ledger row carries."""

    connection_id: UUID
    version: int = Field(ge=1)
    currency: CurrencyCode
    account_id: UUID | None = None
    venture_id: UUID | None = None
    evidence: tuple[str, ...] = ()


class PaymentReceived(
    LedgerState,
    type="payment.received",
    kind=Kind.SNAPSHOT,
    key=("connection_id", "payment_id"),
    sequence="version",
):
    """Money captured from a customer (a payment seen through several objects is one payment).

    ``payment_id`` is the payment intent's id, else the charge's. ``fee_minor`` is null until the
    balance transaction is known.
    """

    payment_id: str
    charge_id: str | None = None
    invoice_id: str | None = None
    customer_id: str | None = None
    amount_minor: int
    amount: Amount
    fee_minor: int | None = None
    occurred_at: datetime


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundState(LedgerState, kind=Kind.SNAPSHOT, key=("connection_id", "refund_id"), sequence="version"):
    """Money given back: counts from ``refunded_at``, and is added back at ``failed_at`` if that is set."""

    refund_id: str
    payment_id: str | None = None
    charge_id: str | None = None
    customer_id: str | None = None
    amount_minor: int
    amount: Amount
    status: RefundStatus
    refunded_at: datetime
    failed_at: datetime | None = None


class PaymentRefunded(RefundState, type="payment.refunded"):
    """A refund was made or changed."""


class RefundFailed(RefundState, type="refund.failed"):
    """A refund failed or was canceled: the money is back."""


class DisputeState(LedgerState, kind=Kind.SNAPSHOT, key=("connection_id", "dispute_id"), sequence="version"):
    """A dispute: subtracts when funds are withdrawn, adds when they are reinstated; its fee is a fee."""

    dispute_id: str
    payment_id: str | None = None
    charge_id: str | None = None
    customer_id: str | None = None
    amount_minor: int
    amount: Amount
    status: str
    reason: str | None = None
    withdrawn_at: datetime | None = None
    reinstated_at: datetime | None = None
    fee_minor: int | None = None


class PaymentDisputed(DisputeState, type="payment.disputed"):
    """A payment is disputed, or its dispute changed."""


class DisputeClosed(DisputeState, type="dispute.closed"):
    """A dispute was decided."""


class PayoutStatus(StrEnum):
    """Where a payout stands."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class PayoutState(LedgerState, kind=Kind.SNAPSHOT, key=("connection_id", "payout_id"), sequence="version"):
    """Money sent to the bank (``amount`` is signed: a debit is negative).

    ``deposited`` says that it was paid at some time and counts on ``arrival_date``; ``reversed_on``
    is the day on which it failed or was canceled after that (a negative entry of its own).
    """

    payout_id: str
    amount_minor: int
    amount: Amount
    status: PayoutStatus
    arrival_date: date
    automatic: bool = True
    deposited: bool
    reversed_on: date | None = None


class PayoutPaid(PayoutState, type="payout.paid"):
    """A payout arrived at the bank."""


class PayoutFailed(PayoutState, type="payout.failed"):
    """A payout failed."""


class PayoutCanceled(PayoutState, type="payout.canceled"):
    """A payout was canceled."""


class SubscriptionItem(Part):
    """One priced item. ``unit_amount`` is in major units, null when the price is tiered or unknown.

    ``inclusive_tax_pct`` is the percentage of tax contained in the price (0 when exclusive). Figures are
    computed from it, so it is given exactly (tax rates have up to 4 decimals), not rounded like a percent.
    """

    item_id: str
    price_id: str | None = None
    unit_amount: UnitAmount | None = None
    quantity: int = 1
    interval: str | None = None
    interval_count: int = 1
    metered: bool = False
    inclusive_tax_pct: Amount


class SubscriptionDiscount(Part):
    """A discount on a subscription, in force while ``start <= t < end`` (end null: open)."""

    discount_id: str
    percent_off: Amount | None = None
    amount_off: Amount | None = None
    duration: str
    start: datetime
    end: datetime | None = None


class SubscriptionChanged(
    Event,
    type="subscription.changed",
    kind=Kind.FACT,
    key=("connection_id", "subscription_id", "effective_at"),
    sequence="revision",
):
    """The state of a subscription from ``effective_at`` until its next change.

    One fact per second in which it changed, so that its whole history can be read, in any order of
    arrival. ``status`` is Stripe's; ``paused`` is a set ``pause_collection``.
    """

    connection_id: UUID
    subscription_id: str
    effective_at: datetime
    revision: int = Field(ge=1)
    customer_id: str | None = None
    account_id: UUID | None = None
    venture_id: UUID | None = None
    currency: CurrencyCode
    status: str
    paused: bool = False
    deleted: bool = False
    cancel_at_period_end: bool = False
    current_period_end: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    trial_end: datetime | None = None
    items: tuple[SubscriptionItem, ...]
    discounts: tuple[SubscriptionDiscount, ...] = ()
    unresolved_discounts: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
