"""Payments as Stripe gives them: one state, shown as payment intent and as charge."""

from dataclasses import dataclass, field
from datetime import datetime

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.journal import Journal, Json, epoch, one_page


@dataclass(slots=True)
class Payment:
    """Money from a customer, in Stripe minor units. ``intent`` is None for a charge made directly."""

    intent: str | None
    charge: str
    customer: Customer
    amount: int
    currency: str
    created: datetime
    invoice: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    captured: int = 0
    refunded: int = 0
    refunds: list[Json] = field(default_factory=list)
    disputed: bool = False
    failed: bool = False
    transaction: str | None = None


def stripe_fee(amount: int) -> int:
    """Stripe's fee in this double: 2.9 % of the amount, in its minor units."""
    return amount * 29 // 1000


def _intent_status(payment: Payment) -> str:
    if payment.failed:
        return "requires_payment_method"
    return "succeeded" if payment.captured else "requires_capture"


_NULL_OF_INTENT = dict.fromkeys(
    [
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "last_payment_error",
        "next_action",
        "on_behalf_of",
        "payment_method_configuration_details",
        "processing",
        "receipt_email",
        "review",
        "shipping",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ]
)
"""Of what this double does not play, Stripe gives null."""


def intent_json(payment: Payment, journal: Journal) -> Json:
    """The payment intent object."""
    version = journal.version
    body: Json = _NULL_OF_INTENT | {
        "id": payment.intent,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": 0 if payment.captured or payment.failed else payment.amount,
        "amount_details": {"tip": {}},
        "amount_received": payment.captured,
        "capture_method": "automatic",
        "client_secret": f"{payment.intent}_secret_{payment.charge[3:19]}",
        "confirmation_method": "automatic",
        "created": epoch(payment.created),
        "currency": payment.currency,
        "customer": payment.customer.id,
        "description": "Subscription update" if payment.invoice else None,
        "latest_charge": payment.charge,
        "livemode": journal.livemode,
        "metadata": dict(payment.metadata),
        "payment_method": f"pm_1{payment.customer.id[4:]}",
        "payment_method_options": {"card": {"network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "setup_future_usage": "off_session",
        "status": _intent_status(payment),
    }
    if not version.basil:
        body["invoice"] = payment.invoice
    elif version.order_reference and payment.invoice:
        body["payment_details"] = {"customer_reference": None, "order_reference": payment.invoice}
    if version.lists_inside:
        del body["latest_charge"]
        body["charges"] = one_page(f"/v1/charges?payment_intent={payment.intent}", [charge_json(payment, journal)])
    return body


def _card(journal: Journal) -> Json:
    return {
        "card": {
            "brand": "visa",
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "MY",
            "exp_month": 12,
            "exp_year": 2030,
            "fingerprint": journal.seed[:16],
            "funding": "credit",
            "installments": None,
            "last4": "4242",
            "network": "visa",
            "three_d_secure": None,
            "wallet": None,
        },
        "type": "card",
    }


def _outcome(payment: Payment) -> Json:
    return {
        "network_status": "declined_by_network" if payment.failed else "approved_by_network",
        "reason": "insufficient_funds" if payment.failed else None,
        "risk_level": "normal",
        "risk_score": 21,
        "seller_message": "The bank declined." if payment.failed else "Payment complete.",
        "type": "issuer_declined" if payment.failed else "authorized",
    }


_NULL_OF_CHARGE = dict.fromkeys(
    [
        "application",
        "application_fee",
        "application_fee_amount",
        "destination",
        "dispute",
        "failure_balance_transaction",
        "on_behalf_of",
        "order",
        "receipt_email",
        "receipt_number",
        "review",
        "shipping",
        "source",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    ]
)


def charge_json(payment: Payment, journal: Journal) -> Json:
    """The charge object; the balance transaction is given by id."""
    customer = payment.customer
    body: Json = _NULL_OF_CHARGE | {
        "id": payment.charge,
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.captured,
        "amount_refunded": payment.refunded,
        "balance_transaction": payment.transaction,
        "billing_details": {"address": None, "email": customer.email, "name": customer.name, "phone": None},
        "calculated_statement_descriptor": "TRUEUP DEMO",
        "captured": payment.captured > 0,
        "created": epoch(payment.created),
        "currency": payment.currency,
        "customer": customer.id,
        "description": "Subscription update" if payment.invoice else None,
        "disputed": payment.disputed,
        "failure_code": "card_declined" if payment.failed else None,
        "failure_message": "Your card was declined." if payment.failed else None,
        "fraud_details": {},
        "livemode": journal.livemode,
        "metadata": dict(payment.metadata),
        "outcome": _outcome(payment),
        "paid": not payment.failed,
        "payment_intent": payment.intent,
        "payment_method": f"pm_1{customer.id[4:]}",
        "payment_method_details": _card(journal),
        "receipt_url": f"https://pay.stripe.example/receipts/{payment.charge}",
        "refunded": 0 < payment.captured == payment.refunded,
        "status": "failed" if payment.failed else "succeeded",
    }
    if not journal.version.basil:
        body["invoice"] = payment.invoice
    if journal.version.lists_inside:
        body["refunds"] = one_page(f"/v1/charges/{payment.charge}/refunds", payment.refunds)
    return body
