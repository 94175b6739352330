"""Taking an event apart: which objects it shows, and what it says of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.ingestion.dispute.rules import read_dispute
from services.ingestion.linking.rules import read_customer
from services.ingestion.payment.rules import reading as money
from services.ingestion.payout.rules import read_payout
from services.ingestion.refund.rules import read_refund
from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks, Observation
from services.ingestion.stripe_object.rules.values import Json, Malformed
from services.ingestion.subscription.rules import reading as billing

_Reader = Callable[[Json, int, str], tuple[Facts, Marks]]

_READERS: Mapping[str, _Reader] = {
    "charge": money.read_charge,
    "payment_intent": lambda body, second, _kind: money.read_intent(body, second),
    "invoice": lambda body, _second, _kind: (money.read_invoice(body), {}),
    "invoice_payment": lambda body, second, _kind: money.read_invoice_payment(body, second),
    "balance_transaction": lambda body, _second, _kind: (money.read_balance_transaction(body), {}),
    "refund": lambda body, second, _kind: read_refund(body, second),
    "dispute": read_dispute,
    "payout": lambda body, second, _kind: read_payout(body, second),
    "customer": lambda body, _second, _kind: (read_customer(body), {}),
    "subscription": lambda body, _second, _kind: (billing.read_subscription(body), {}),
    "discount": billing.read_discount_event,
    "coupon": lambda body, _second, _kind: (billing.read_coupon(body), {}),
    "credit_note": lambda _body, _second, _kind: ({}, {}),
    "balance": lambda _body, _second, _kind: ({}, {}),
}

# Which object an event of a handled type must be about (the longest prefix decides).
_ABOUT = {
    "payment_intent.": "payment_intent",
    "charge.": "charge",
    "charge.refund.": "refund",
    "charge.dispute.": "dispute",
    "refund.": "refund",
    "payout.": "payout",
    "invoice.": "invoice",
    "invoice_payment.": "invoice_payment",
    "credit_note.": "credit_note",
    "customer.created": "customer",
    "customer.updated": "customer",
    "customer.deleted": "customer",
    "customer.discount.": "discount",
    "customer.subscription.": "subscription",
    "coupon.": "coupon",
    "balance.available": "balance",
}
# invoice.upcoming previews an invoice that does not exist yet and has no id.
_IGNORED = frozenset(["invoice.upcoming"])


def object_type_of(event_type: str) -> str | None:
    """What the events of a type are about; None for types that are stored and no more."""
    if event_type in _IGNORED:
        return None
    prefixes = [prefix for prefix in _ABOUT if event_type.startswith(prefix)]
    return _ABOUT[max(prefixes, key=len)] if prefixes else None


def observations(event: Mapping[str, Any]) -> list[Observation]:
    """Everything that an event shows. Raises ``Malformed`` for one that is not what its type says."""
    kind = values.required_text(event, "type")
    about = object_type_of(kind)
    if about is None:
        return []
    data = values.member(event, "data") or {}
    body = values.member(data, "object")
    if body is None or body.get("object") != about:
        raise Malformed(f"data.object of {kind} is not a {about}")
    if about != "customer" and shows_nothing(body):
        return []
    previous = values.member(data, "previous_attributes")
    sighting = _Sighting(values.required_moment(event, "created"), values.required_text(event, "id"), kind)
    direct = sighting.of(about, _name(about, body), body, previous=dict(previous) if previous else None)
    return [direct, *_embedded(about, body, sighting)]


def shows_nothing(body: Json) -> bool:
    """A deletion that gives only ``{"id", "object", "deleted": true}``."""
    return body.get("deleted") is True and "metadata" not in body


def _name(about: str, body: Json) -> str:
    if about == "discount":
        return billing.discount_id(body)
    return "balance" if about == "balance" else values.required_text(body, "id")


class _Sighting:
    """The event by which objects are seen."""

    def __init__(self, second: int, event_id: str, event_type: str) -> None:
        self.second = second
        self.event_id = event_id
        self.event_type = event_type

    def of(
        self, about: str, name: str, body: Json, *, direct: bool = True, previous: dict[str, Any] | None = None
    ) -> Observation:
        """What the event shows of one object."""
        stub = direct and shows_nothing(body)
        kind = self.event_type if direct else "embedded"
        facts, marks = _READERS[about](body, self.second, kind)
        if direct and self.event_type.endswith(".deleted"):
            marks = marks | {"deleted": self.second}
        return Observation(
            object_type=about,
            object_id=name,
            second=-1 if stub else self.second,
            event_id=self.event_id,
            event_type=kind,
            state=dict(body),
            facts=facts,
            marks=marks,
            direct=direct,
            previous=previous,
        )

    def derived(self, about: str, name: str, facts: Facts, marks: Marks) -> Observation:
        """Something that an object says without showing another one."""
        return Observation(about, name, self.second, self.event_id, self.event_type, {}, facts, marks, direct=False)


def _embedded(about: str, body: Json, sighting: _Sighting) -> Iterator[Observation]:
    if about == "charge":
        yield from _in_charge(body, sighting)
    elif about == "payment_intent":
        charges = values.objects(body, "charges")
        newest = values.member(body, "latest_charge")
        for charge in [*charges, *([newest] if newest else [])]:
            yield sighting.of("charge", values.required_text(charge, "id"), charge, direct=False)
            yield from _in_charge(charge, sighting)
    elif about == "invoice":
        for name, facts, marks in money.read_invoice_payments(body, sighting.second):
            yield sighting.derived("invoice_paid", name, facts, marks)
    elif about in ("customer", "subscription"):
        yield from _discounts(body, sighting)


def _in_charge(charge: Json, sighting: _Sighting) -> Iterator[Observation]:
    """A charge may hold its balance transaction, and until 2022-11-15 it held its refunds."""
    transaction = values.member(charge, "balance_transaction")
    if transaction is not None:
        seen = sighting.of("balance_transaction", values.required_text(transaction, "id"), transaction, direct=False)
        seen.facts.update(charge=charge.get("id"), intent=values.reference(charge, "payment_intent"))
        yield seen
    for refund in values.objects(charge, "refunds"):
        whole = {"charge": charge.get("id"), "payment_intent": charge.get("payment_intent"), **refund}
        yield sighting.of("refund", values.required_text(refund, "id"), whole, direct=False)


def _discounts(body: Json, sighting: _Sighting) -> Iterator[Observation]:
    single = values.member(body, "discount")
    for discount in [*([single] if single else []), *values.objects(body, "discounts")]:
        yield sighting.of("discount", billing.discount_id(discount), discount, direct=False)
