"""Customers: whom the account charges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trueup.stripe_double.discounts import Coupon, Discount, discount_json, discount_of
from trueup.stripe_double.journal import Happened, Journal, Json, epoch


@dataclass(slots=True)
class Customer:
    """A customer; ``metadata`` may name the ``account_id`` and ``venture_id`` it belongs to."""

    id: str
    created: datetime
    name: str
    email: str
    metadata: dict[str, str] = field(default_factory=dict)
    currency: str | None = None
    discount: Discount | None = None
    next_invoice: int = 1

    def next_invoice_number(self) -> str:
        """Numbers run by customer, behind its prefix."""
        number = f"{self.id[-8:].upper()}-{self.next_invoice:04d}"
        self.next_invoice += 1
        return number


def customer_json(customer: Customer, journal: Journal) -> Json:
    """The customer object."""
    return {
        "id": customer.id,
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": epoch(customer.created),
        "currency": customer.currency,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": discount_json(customer.discount, journal) if customer.discount else None,
        "email": customer.email,
        "invoice_prefix": customer.id[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": f"pm_1{customer.id[4:]}",
            "footer": None,
            "rendering_options": None,
        },
        "livemode": journal.livemode,
        "metadata": dict(customer.metadata),
        "name": customer.name,
        "next_invoice_sequence": customer.next_invoice,
        "phone": None,
        "preferred_locales": ["en-MY"],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


class Customers:
    """The account's customers."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def create(
        self, name: str, at: datetime, *, email: str | None = None, metadata: Mapping[str, str] | None = None
    ) -> Happened[Customer]:
        """A new customer."""
        address = email or f"billing@{''.join(c for c in name.lower() if c.isalnum())}.example"
        customer = Customer(self._journal.new_id("cus"), at, name, address, dict(metadata or {}))
        return self._told(customer, "customer.created", at)

    def update(self, customer: Customer, at: datetime, *, metadata: Mapping[str, str]) -> Happened[Customer]:
        """New metadata, e.g. the account it belongs to."""
        previous = {"metadata": {name: customer.metadata.get(name) for name in metadata}}
        customer.metadata |= metadata
        return self._told(customer, "customer.updated", at, previous)

    def delete(self, customer: Customer, at: datetime) -> Happened[Customer]:
        """The customer is gone (Stripe cancels its subscriptions first: cancel them before)."""
        return self._told(customer, "customer.deleted", at)

    def apply(self, customer: Customer, coupon: Coupon, at: datetime) -> Happened[Customer]:
        """A discount on everything that the customer buys."""
        customer.discount = discount_of(self._journal, coupon, at, customer=customer.id)
        told = self._told(customer, "customer.updated", at, {"discount": None})
        body = discount_json(customer.discount, self._journal)
        return Happened(customer, [self._journal.event("customer.discount.created", body, at), *told])

    def remove_discount(self, customer: Customer, at: datetime) -> Happened[Customer]:
        """The customer's discount ends."""
        if customer.discount is None:
            raise ValueError("the customer has no discount")
        body = discount_json(customer.discount, self._journal)
        customer.discount = None
        told = self._told(customer, "customer.updated", at, {"discount": body})
        return Happened(customer, [self._journal.event("customer.discount.deleted", body, at), *told])

    def _told(self, customer: Customer, kind: str, at: datetime, previous: Json | None = None) -> Happened[Customer]:
        body = customer_json(customer, self._journal)
        return Happened(customer, [self._journal.event(kind, body, at, previous)])
