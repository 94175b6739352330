"""Invoices as Stripe gives them: the state, and its JSON in each API version."""

from dataclasses import dataclass
from datetime import datetime

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.journal import Journal, Json, epoch, moment, one_page
from trueup.stripe_double.payment_shape import Payment
from trueup.stripe_double.prices import Price, plan_json, price_json
from trueup.stripe_double.subscription_shape import Subscription


@dataclass(frozen=True, slots=True)
class Line:
    """One line: an amount in Stripe minor units, and the subscription item it is for."""

    id: str
    amount: int
    description: str
    price: Price | None = None
    item: str | None = None
    quantity: int = 1


@dataclass(slots=True)
class Invoice:
    """An invoice; ``discount`` lowers the sum of its lines."""

    id: str
    number: str
    customer: Customer
    currency: str
    lines: list[Line]
    created: datetime
    reason: str
    subscription: Subscription | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    discount: int = 0
    status: str = "draft"
    payment: Payment | None = None
    out_of_band: bool = False
    attempts: int = 0
    credited_before: int = 0
    credited_after: int = 0
    finalized_at: datetime | None = None
    paid_at: datetime | None = None
    voided_at: datetime | None = None
    uncollectible_at: datetime | None = None

    @property
    def subtotal(self) -> int:
        """The sum of the lines."""
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        """What the customer owes in all."""
        return self.subtotal - self.discount


def _line_json(line: Line, invoice: Invoice, journal: Journal) -> Json:
    subscription = invoice.subscription
    body: Json = {
        "id": line.id,
        "object": "line_item",
        "amount": line.amount,
        "currency": invoice.currency,
        "description": line.description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "livemode": journal.livemode,
        "metadata": dict(subscription.metadata) if subscription else {},
        "period": {
            "start": epoch(invoice.period_start or invoice.created),
            "end": epoch(invoice.period_end or invoice.created),
        },
        "quantity": line.quantity,
    }
    if journal.version.basil:
        return body | _line_since_basil(line, invoice)
    return body | {
        "invoice_item": None,
        "plan": plan_json(line.price, journal) if line.price else None,
        "price": price_json(line.price, journal) if line.price else None,
        "proration": False,
        "subscription": subscription.id if subscription else None,
        "subscription_item": line.item,
        "tax_amounts": [],
        "tax_rates": [],
        "type": "subscription" if line.item else "invoiceitem",
    }


def _line_since_basil(line: Line, invoice: Invoice) -> Json:
    parent: Json | None = None
    if line.item and invoice.subscription:
        parent = {
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": None,
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": invoice.subscription.id,
                "subscription_item": line.item,
            },
            "type": "subscription_item_details",
        }
    pricing: Json | None = None
    if line.price:
        pricing = {
            "price_details": {"price": line.price.id, "product": line.price.product},
            "type": "price_details",
            "unit_amount_decimal": format(line.price.unit_amount, "f"),
        }
    return {"invoice": invoice.id, "parent": parent, "pricing": pricing, "taxes": []}


def _by_version(invoice: Invoice, journal: Journal) -> Json:
    subscription, payment = invoice.subscription, invoice.payment
    if journal.version.basil:
        parent = subscription and {
            "quote_details": None,
            "subscription_details": {"metadata": dict(subscription.metadata), "subscription": subscription.id},
            "type": "subscription_details",
        }
        return {"amount_overpaid": 0, "confirmation_secret": None, "parent": parent, "total_taxes": []}
    return {
        "charge": payment.charge if payment else None,
        "discount": None,
        "paid": invoice.status == "paid",
        "paid_out_of_band": invoice.out_of_band,
        "payment_intent": payment.intent if payment else None,
        "subscription": subscription.id if subscription else None,
        "subscription_details": {"metadata": dict(subscription.metadata) if subscription else None},
        "tax": None,
        "total_tax_amounts": [],
        "transfer_data": None,
    }


def _amounts(invoice: Invoice) -> Json:
    due = invoice.total - invoice.credited_before
    paid = due if invoice.status == "paid" else 0
    return {
        "amount_due": due,
        "amount_paid": paid,
        "amount_remaining": due - paid,
        "amount_shipping": 0,
        "ending_balance": None if invoice.status == "draft" else 0,
        "post_payment_credit_notes_amount": invoice.credited_after,
        "pre_payment_credit_notes_amount": invoice.credited_before,
        "starting_balance": 0,
        "subtotal": invoice.subtotal,
        "subtotal_excluding_tax": invoice.subtotal,
        "total": invoice.total,
        "total_discount_amounts": [],
        "total_excluding_tax": invoice.total,
    }


def _customer(customer: Customer) -> Json:
    return {
        "customer": customer.id,
        "customer_email": customer.email,
        "customer_name": customer.name,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
    }


def _transitions(invoice: Invoice) -> Json:
    return {
        "finalized_at": moment(invoice.finalized_at),
        "marked_uncollectible_at": moment(invoice.uncollectible_at),
        "paid_at": moment(invoice.paid_at),
        "voided_at": moment(invoice.voided_at),
    }


_NULL = dict.fromkeys(
    [
        "account_tax_ids",
        "application",
        "automatically_finalizes_at",
        "custom_fields",
        "customer_address",
        "customer_phone",
        "customer_shipping",
        "default_payment_method",
        "default_source",
        "description",
        "due_date",
        "footer",
        "from_invoice",
        "last_finalization_error",
        "latest_revision",
        "next_payment_attempt",
        "on_behalf_of",
        "receipt_number",
        "rendering",
        "shipping_cost",
        "shipping_details",
        "statement_descriptor",
        "test_clock",
    ]
)
"""Of what this double does not play, Stripe gives null."""


def invoice_json(invoice: Invoice, journal: Journal) -> Json:
    """The invoice object. ``payments`` is not among an event's fields: Stripe gives it on request only."""
    common: Json = {
        "id": invoice.id,
        "object": "invoice",
        "account_country": "MY",
        "account_name": "Trueup demo",
        "attempt_count": invoice.attempts,
        "attempted": invoice.attempts > 0,
        "auto_advance": False,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "status": None},
        "billing_reason": invoice.reason,
        "collection_method": "charge_automatically",
        "created": epoch(invoice.created),
        "currency": invoice.currency,
        "default_tax_rates": [],
        "discounts": [discount.id for discount in invoice.subscription.discounts] if invoice.subscription else [],
        "effective_at": moment(invoice.finalized_at),
        "hosted_invoice_url": f"https://invoice.stripe.example/i/{invoice.id}",
        "invoice_pdf": f"https://pay.stripe.example/invoice/{invoice.id}/pdf",
        "issuer": {"type": "self"},
        "lines": one_page(
            f"/v1/invoices/{invoice.id}/lines", (_line_json(line, invoice, journal) for line in invoice.lines)
        ),
        "livemode": journal.livemode,
        "metadata": {},
        "number": invoice.number,
        "payment_settings": dict.fromkeys(("default_mandate", "payment_method_options", "payment_method_types")),
        "period_start": epoch(invoice.period_start or invoice.created),
        "period_end": epoch(invoice.period_end or invoice.created),
        "status": invoice.status,
        "status_transitions": _transitions(invoice),
        "webhooks_delivered_at": epoch(invoice.created),
    }
    return _NULL | common | _customer(invoice.customer) | _amounts(invoice) | _by_version(invoice, journal)
