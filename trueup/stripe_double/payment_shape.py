"""Payments as Stripe gives them: one state, shown as payment intent and as charge."""

from dataclasses import dataclass, field
from datetime import datetime

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.journal import Journal, Json, empty_list, epoch


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


def intent_json(payment: Payment, journal: Journal) -> Json:
    """The payment intent object."""
    version = journal.version
    body: Json = {
        "id": payment.intent,
        "object": "payment_intent",
        "amount": payment.amount,
        "amount_capturable": 0 if payment.captured or payment.failed else payment.amount,
        "amount_details": {"tip": {}},
        "amount_received": payment.captured,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{payment.intent}_secret_{payment.charge[3:19]}",
        "confirmation_method": "automatic",
        "created": epoch(payment.created),
        "currency": payment.currency,
        "customer": payment.customer.id,
        "description": "Subscription update" if payment.invoice else None,
        "last_payment_error": None,
        "latest_charge": payment.charge,
        "livemode": journal.livemode,
        "metadata": dict(payment.metadata),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": f"pm_1{payment.customer.id[4:]}",
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"network": None, "request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": "off_session",
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": _intent_status(payment),
        "transfer_data": None,
        "transfer_group": None,
    }
    if not version.basil:
        body["invoice"] = payment.invoice
    elif version.order_reference and payment.invoice:
        body["payment_details"] = {"customer_reference": None, "order_reference": payment.invoice}
    if version.lists_inside:
        del body["latest_charge"]
        body["charges"] = empty_list(f"/v1/charges?payment_intent={payment.intent}", [charge_json(payment, journal)])
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


def charge_json(payment: Payment, journal: Journal) -> Json:
    """The charge object; the balance transaction is given by id."""
    customer = payment.customer
    body: Json = {
        "id": payment.charge,
        "object": "charge",
        "amount": payment.amount,
        "amount_captured": payment.captured,
        "amount_refunded": payment.refunded,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": payment.transaction,
        "billing_details": {"address": None, "email": customer.email, "name": customer.name, "phone": None},
        "calculated_statement_descriptor": "TRUEUP DEMO",
        "captured": payment.captured > 0,
        "created": epoch(payment.created),
        "currency": payment.currency,
        "customer": customer.id,
        "description": "Subscription update" if payment.invoice else None,
        "destination": None,
        "dispute": None,
        "disputed": payment.disputed,
        "failure_balance_transaction": None,
        "failure_code": "card_declined" if payment.failed else None,
        "failure_message": "Your card was declined." if payment.failed else None,
        "fraud_details": {},
        "livemode": journal.livemode,
        "metadata": dict(payment.metadata),
        "on_behalf_of": None,
        "order": None,
        "outcome": _outcome(payment),
        "paid": not payment.failed,
        "payment_intent": payment.intent,
        "payment_method": f"pm_1{customer.id[4:]}",
        "payment_method_details": _card(journal),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.example/receipts/{payment.charge}",
        "refunded": 0 < payment.captured == payment.refunded,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "failed" if payment.failed else "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
    if not journal.version.basil:
        body["invoice"] = payment.invoice
    if journal.version.lists_inside:
        body["refunds"] = empty_list(f"/v1/charges/{payment.charge}/refunds", payment.refunds)
    return body
