"""Which ledger rows a changed mirror touches."""

from dataclasses import dataclass, field
from uuid import UUID

from services.ingestion.stripe_object.rules.mirror import Mirror
from services.ingestion.stripe_object.rules.observation import Facts

Place = tuple[UUID, UUID]
"""An organization and its connection."""

Named = tuple[UUID, UUID, str]
"""An organization, its connection, and an id there."""

Key = tuple[UUID, UUID, str, str, int]
"""Organization, connection, object type, object id, and since when (0 unless a subscription)."""

MONEY_TYPES = (
    "charge",
    "payment_intent",
    "invoice_paid",
    "invoice_payment",
    "refund",
    "dispute",
    "balance_transaction",
)
"""The types that make up payments, refunds and disputes."""


@dataclass(slots=True)
class Touched:
    """Which ledger rows must be derived again.

    ``payments``: payment intent or charge ids (with their refunds and disputes). ``subscriptions``: seconds
    of each, None for all. ``customers``: all rows of them; ``discounted``: their subscriptions.
    ``invoices``: the payments of them. ``coupons``: the subscriptions of customers who have one.
    """

    payments: set[Named] = field(default_factory=set)
    payouts: set[Named] = field(default_factory=set)
    subscriptions: dict[Named, set[int] | None] = field(default_factory=dict)
    customers: set[Named] = field(default_factory=set)
    discounted: set[Named] = field(default_factory=set)
    invoices: set[Named] = field(default_factory=set)
    coupons: set[Named] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many payments, payouts and subscriptions are named."""
        return len(self.payments) + len(self.payouts) + len(self.subscriptions)

    def add(self, key: Key, before: Mirror | None, after: Mirror) -> None:
        """What one changed mirror touches."""
        place, object_type, name, since = key[:2], key[2], key[3], key[4]
        facts = after.facts
        if object_type in MONEY_TYPES:
            self.payments |= {(*place, identity) for identity in _payment_ids(object_type, name, facts)}
        elif object_type == "subscription":
            self._add_subscription((*place, name), since, before, after)
        elif object_type == "discount" and facts["customer"]:
            self.discounted.add((*place, facts["customer"]))
        elif object_type in ("payout", "coupon"):
            (self.payouts if object_type == "payout" else self.coupons).add((*place, name))
        elif object_type in ("customer", "invoice") and _claims(before) != _claims(after):
            (self.customers if object_type == "customer" else self.invoices).add((*place, name))

    def _add_subscription(self, name: Named, second: int, before: Mirror | None, after: Mirror) -> None:
        """Its second; all of them when its deletion is news."""
        if after.marks.get("deleted") != (before.marks.get("deleted") if before else None):
            self.subscriptions[name] = None
            return
        seconds = self.subscriptions.setdefault(name, set())
        if seconds is not None:
            seconds.add(second)


def _payment_ids(object_type: str, name: str, facts: Facts) -> set[str]:
    """The ids under which an object's payment is found: its intent, its charge, else itself."""
    found = {facts.get("intent"), facts.get("charge"), name if object_type in ("charge", "payment_intent") else None}
    return {identity for identity in found if identity} or {name}


def _claims(mirrored: Mirror | None) -> tuple[str | None, str | None]:
    return (mirrored.facts.get("account"), mirrored.facts.get("venture")) if mirrored else (None, None)
