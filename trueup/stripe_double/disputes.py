"""Disputes: opened, funds withdrawn and perhaps reinstated, closed."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trueup.stripe_double.journal import Happened, Journal, Json, epoch
from trueup.stripe_double.payment_shape import Payment


@dataclass(slots=True)
class Dispute:
    """A customer's bank disputes a payment; each movement of funds is a balance transaction."""

    id: str
    payment: Payment
    amount: int
    created: datetime
    status: str
    movements: list[Json] = field(default_factory=list)


def dispute_json(dispute: Dispute, journal: Journal) -> Json:
    """The dispute object; its balance transactions are given in full."""
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transaction": dispute.movements[0]["id"] if dispute.movements else None,
        "balance_transactions": list(dispute.movements),
        "charge": dispute.payment.charge,
        "created": epoch(dispute.created),
        "currency": dispute.payment.currency,
        "enhanced_eligibility_types": [],
        "evidence": {
            "access_activity_log": None,
            "billing_address": None,
            "cancellation_policy": None,
            "customer_communication": None,
            "customer_email_address": dispute.payment.customer.email,
            "customer_name": dispute.payment.customer.name,
            "product_description": None,
            "receipt": None,
            "refund_policy": None,
            "service_documentation": None,
            "uncategorized_text": None,
        },
        "evidence_details": {
            "due_by": epoch(dispute.created + timedelta(days=9)),
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": journal.livemode,
        "metadata": {},
        "payment_intent": dispute.payment.intent,
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "83"},
            "type": "card",
        },
        "reason": "fraudulent",
        "status": dispute.status,
    }


class Disputes:
    """The account's disputes."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def open(self, payment: Payment, at: datetime, *, amount: int | None = None, fee: int = 1500) -> Happened[Dispute]:
        """A dispute: Stripe withdraws the amount and takes its fee (Stripe minor units) at once."""
        dispute = self._new(payment, at, amount, "needs_response")
        self._move(dispute, at, -dispute.amount, fee)
        kinds = ("charge.dispute.created", "charge.dispute.funds_withdrawn")
        return Happened(dispute, self._told(dispute, at, *kinds))

    def inquire(self, payment: Payment, at: datetime) -> Happened[Dispute]:
        """Only a question of the bank: no funds move."""
        dispute = self._new(payment, at, None, "warning_needs_response")
        return Happened(dispute, self._told(dispute, at, "charge.dispute.created"))

    def respond(self, dispute: Dispute, at: datetime) -> Happened[Dispute]:
        """Evidence was sent."""
        dispute.status = "under_review"
        return Happened(dispute, self._told(dispute, at, "charge.dispute.updated"))

    def win(self, dispute: Dispute, at: datetime) -> Happened[Dispute]:
        """Decided for the account: the amount comes back (the fee too)."""
        dispute.status = "won"
        if not dispute.movements:
            return Happened(dispute, self._told(dispute, at, "charge.dispute.closed"))
        self._move(dispute, at, dispute.amount, -sum(movement["fee"] for movement in dispute.movements))
        kinds = ("charge.dispute.funds_reinstated", "charge.dispute.closed")
        return Happened(dispute, self._told(dispute, at, *kinds))

    def lose(self, dispute: Dispute, at: datetime) -> Happened[Dispute]:
        """Decided for the customer."""
        dispute.status = "lost"
        return Happened(dispute, self._told(dispute, at, "charge.dispute.closed"))

    def _new(self, payment: Payment, at: datetime, amount: int | None, status: str) -> Dispute:
        payment.disputed = True
        return Dispute(self._journal.new_id("du"), payment, amount or payment.captured, at, status)

    def _move(self, dispute: Dispute, at: datetime, amount: int, fee: int) -> None:
        currency = dispute.payment.currency
        self._journal.balance[currency] += amount - fee
        dispute.movements.append(
            {
                "id": self._journal.new_id("txn"),
                "object": "balance_transaction",
                "amount": amount,
                "available_on": epoch(at),
                "created": epoch(at),
                "currency": currency,
                "description": f"Chargeback {'withdrawal' if amount < 0 else 'reversal'} for {dispute.payment.charge}",
                "exchange_rate": None,
                "fee": fee,
                "fee_details": [
                    {"amount": fee, "application": None, "currency": currency, "type": "stripe_fee"},
                ],
                "net": amount - fee,
                "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
                "source": dispute.id,
                "status": "available",
                "type": "adjustment",
            }
        )

    def _told(self, dispute: Dispute, at: datetime, *kinds: str) -> list[Json]:
        return [self._journal.event(kind, dispute_json(dispute, self._journal), at) for kind in kinds]
