"""Refunds: whole or partial, pending, succeeded, failed, canceled."""

from dataclasses import dataclass
from datetime import datetime

from trueup.stripe_double.journal import Happened, Journal, Json, epoch
from trueup.stripe_double.payment_shape import Payment, charge_json


@dataclass(slots=True)
class Refund:
    """Money given back of one payment, in Stripe minor units."""

    id: str
    payment: Payment
    amount: int
    created: datetime
    status: str
    transaction: str
    failure_reason: str | None = None


def refund_json(refund: Refund) -> Json:
    """The refund object."""
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.transaction,
        "charge": refund.payment.charge,
        "created": epoch(refund.created),
        "currency": refund.payment.currency,
        "destination_details": {
            "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"},
            "type": "card",
        },
        "failure_balance_transaction": None,
        "failure_reason": refund.failure_reason,
        "metadata": {},
        "payment_intent": refund.payment.intent,
        "reason": "requested_by_customer",
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }


class Refunds:
    """The account's refunds."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def make(
        self, payment: Payment, at: datetime, amount: int | None = None, status: str = "succeeded"
    ) -> Happened[Refund]:
        """Give back what is left of a payment, or a part of it."""
        given = payment.captured - payment.refunded if amount is None else amount
        journal = self._journal
        refund = Refund(journal.new_id("re"), payment, given, at, status, journal.new_id("txn"))
        before, payment.refunded = payment.refunded, payment.refunded + given
        payment.refunds.insert(0, refund_json(refund))
        journal.balance[payment.currency] -= given
        previous: Json = {"amount_refunded": before, "refunded": False}
        charge = journal.event("charge.refunded", charge_json(payment, journal), at, previous)
        return Happened(refund, [*self._told(refund, at, "refund.created"), charge])

    def succeed(self, refund: Refund, at: datetime) -> Happened[Refund]:
        """A pending refund went through."""
        refund.status = "succeeded"
        return Happened(refund, self._told(refund, at, "refund.updated", "charge.refund.updated"))

    def fail(self, refund: Refund, at: datetime) -> Happened[Refund]:
        """The customer's bank sent it back: the money is here again."""
        refund.status, refund.failure_reason = "failed", "expired_or_canceled_card"
        return self._back(refund, at, "refund.failed", "refund.updated", "charge.refund.updated")

    def cancel(self, refund: Refund, at: datetime) -> Happened[Refund]:
        """A pending refund was canceled: the money never left."""
        refund.status = "canceled"
        return self._back(refund, at, "refund.updated", "charge.refund.updated")

    def _back(self, refund: Refund, at: datetime, *kinds: str) -> Happened[Refund]:
        refund.payment.refunded -= refund.amount
        self._journal.balance[refund.payment.currency] += refund.amount
        return Happened(refund, self._told(refund, at, *kinds))

    def _told(self, refund: Refund, at: datetime, *kinds: str) -> list[Json]:
        # The older charge.refund.updated is sent beside refund.updated.
        return [self._journal.event(kind, refund_json(refund), at) for kind in kinds]
