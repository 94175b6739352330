"""Small Stripe objects and events, as few members as a rule reads."""

from itertools import count
from typing import Any

Json = dict[str, Any]
_numbers = count(1)


def event(kind: str, what: Json, second: int = 100, *, name: str | None = None, previous: Json | None = None) -> Json:
    data: Json = {"object": what}
    if previous is not None:
        data["previous_attributes"] = previous
    return {"id": name or f"evt_{next(_numbers):06}", "object": "event", "type": kind, "created": second, "data": data}


def charge(name: str = "ch_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "charge",
        "amount": 1000,
        "amount_captured": 1000,
        "amount_refunded": 0,
        "captured": True,
        "created": 90,
        "currency": "myr",
        "customer": "cus_1",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {},
    } | members


def intent(name: str = "pi_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "payment_intent",
        "amount": 1000,
        "amount_received": 1000,
        "created": 80,
        "currency": "myr",
        "customer": "cus_1",
        "latest_charge": "ch_1",
        "status": "succeeded",
        "metadata": {},
    } | members


def invoice(name: str = "in_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "invoice",
        "amount_paid": 1000,
        "currency": "myr",
        "customer": "cus_1",
        "status": "paid",
        "status_transitions": {"paid_at": 95},
        "metadata": {},
    } | members


def refund(name: str = "re_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "refund",
        "amount": 400,
        "charge": "ch_1",
        "created": 110,
        "currency": "myr",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {},
    } | members


def dispute(name: str = "du_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "dispute",
        "amount": 1000,
        "balance_transactions": [],
        "charge": "ch_1",
        "created": 120,
        "currency": "myr",
        "payment_intent": "pi_1",
        "reason": "fraudulent",
        "status": "needs_response",
    } | members


def payout(name: str = "po_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "payout",
        "amount": 5000,
        "arrival_date": 1_751_241_600,
        "automatic": True,
        "currency": "myr",
        "status": "paid",
        "metadata": {},
    } | members


def price(**members: Any) -> Json:
    return {
        "id": "price_1",
        "object": "price",
        "billing_scheme": "per_unit",
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
        "unit_amount": 1000,
        "unit_amount_decimal": "1000",
    } | members


def subscription(name: str = "sub_1", **members: Any) -> Json:
    item = {"id": "si_1", "object": "subscription_item", "price": price(), "quantity": 1, "tax_rates": []}
    return {
        "id": name,
        "object": "subscription",
        "cancel_at_period_end": False,
        "currency": "myr",
        "customer": "cus_1",
        "default_tax_rates": [],
        "items": {"object": "list", "data": [item]},
        "metadata": {},
        "status": "active",
    } | members


def item(name: str = "si_1", **members: Any) -> Json:
    return {"id": name, "object": "subscription_item", "price": price(), "quantity": 1} | members


def coupon(name: str = "SAVE", **members: Any) -> Json:
    return {"id": name, "object": "coupon", "percent_off": 25.0, "amount_off": None, "duration": "forever"} | members


def discount(name: str = "di_1", **members: Any) -> Json:
    return {
        "id": name,
        "object": "discount",
        "coupon": coupon(),
        "customer": "cus_1",
        "end": None,
        "start": 50,
        "subscription": None,
    } | members
