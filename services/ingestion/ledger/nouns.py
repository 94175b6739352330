"""The ledger's tables with their keys, and the event that tells of a row's change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.ingestion.dispute.models import Dispute
from services.ingestion.dispute.rules import CLOSED
from services.ingestion.ledger.models import LedgerRow
from services.ingestion.payment.models import Payment
from services.ingestion.payout.models import Payout
from services.ingestion.refund.models import Refund
from services.ingestion.subscription.models import SubscriptionState
from services.ingestion.subscription.rules.history import event_members
from shared.contracts import ingestion as told
from shared.contracts.event import Event
from shared.kernel.currency import minor_to_decimal

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Noun:
    """A ledger table. ``public``: the columns whose change is published."""

    model: type[LedgerRow]
    key: tuple[str, ...]
    public: tuple[str, ...]
    event: Callable[[Row], Event | None]

    @property
    def whole_key(self) -> tuple[str, ...]:
        """The primary key."""
        return ("organization_id", "connection_id", *self.key)


_LINKS = ("currency", "customer_id", "account_id", "venture_id")
_SHARED = ("organization_id", "connection_id", "version", "currency", "account_id", "venture_id", "evidence")


def _told(row: Row, *names: str) -> dict[str, Any]:
    members = {name: row[name] for name in (*_SHARED, *names)}
    members["evidence"] = tuple(row["evidence"])
    if "amount_minor" in row:
        members["amount"] = minor_to_decimal(row["amount_minor"], row["currency"])
    return members


# Rows are built by the rules from checked values, so events are made without checking them again.


def _payment_event(row: Row) -> Event:
    members = _told(row, "customer_id", "payment_id", *_PAYMENT)
    return told.PaymentReceived.model_construct(**members)


def _refund_event(row: Row) -> Event:
    members = _told(row, "customer_id", "refund_id", *_REFUND) | {"status": told.RefundStatus(row["status"])}
    kind = told.PaymentRefunded if row["failed_at"] is None else told.RefundFailed
    return kind.model_construct(**members)


def _dispute_event(row: Row) -> Event:
    members = _told(row, "customer_id", "dispute_id", *(name for name in _DISPUTE if name != "opened_at"))
    kind = told.DisputeClosed if row["status"] in CLOSED else told.PaymentDisputed
    return kind.model_construct(**members)


_PAYOUT_EVENTS: Mapping[str, type[told.PayoutState]] = {
    "paid": told.PayoutPaid,
    "failed": told.PayoutFailed,
    "canceled": told.PayoutCanceled,
}


def _payout_event(row: Row) -> Event | None:
    """None for a payout that is on its way: nobody counts it yet."""
    kind = _PAYOUT_EVENTS.get(row["status"])
    if kind is None:
        return None
    return kind.model_construct(**_told(row, "payout_id", *_PAYOUT) | {"status": told.PayoutStatus(row["status"])})


def _subscription_event(row: Row) -> Event:
    content = event_members(row["content"])
    return told.SubscriptionChanged.model_construct(
        organization_id=row["organization_id"],
        connection_id=row["connection_id"],
        subscription_id=row["subscription_id"],
        effective_at=row["effective_at"],
        revision=row["version"],
        customer_id=row["customer_id"],
        account_id=row["account_id"],
        venture_id=row["venture_id"],
        evidence=tuple(row["evidence"]),
        **content
        | {
            "items": tuple(told.SubscriptionItem.model_construct(**item) for item in content["items"]),
            "discounts": tuple(told.SubscriptionDiscount.model_construct(**each) for each in content["discounts"]),
        },
    )


_PAYMENT = ("charge_id", "invoice_id", "amount_minor", "fee_minor", "occurred_at")
_REFUND = ("payment_id", "charge_id", "amount_minor", "status", "refunded_at", "failed_at")
_DISPUTE = (
    "payment_id",
    "charge_id",
    "amount_minor",
    "status",
    "reason",
    "opened_at",
    "withdrawn_at",
    "reinstated_at",
    "fee_minor",
)
_PAYOUT = ("amount_minor", "status", "arrival_date", "automatic", "deposited", "reversed_on")

PAYMENTS = Noun(Payment, ("payment_id",), (*_LINKS, *_PAYMENT), _payment_event)
REFUNDS = Noun(Refund, ("refund_id",), (*_LINKS, *_REFUND), _refund_event)
DISPUTES = Noun(Dispute, ("dispute_id",), (*_LINKS, *_DISPUTE), _dispute_event)
PAYOUTS = Noun(Payout, ("payout_id",), (*_LINKS, *_PAYOUT), _payout_event)
SUBSCRIPTIONS = Noun(
    SubscriptionState, ("subscription_id", "effective_at"), (*_LINKS, "status", "content"), _subscription_event
)
NOUNS = (PAYMENTS, REFUNDS, DISPUTES, PAYOUTS, SUBSCRIPTIONS)
