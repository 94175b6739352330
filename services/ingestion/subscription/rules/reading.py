"""Subscriptions, their items and discounts, in all shapes of Stripe's API.

Plans (``items.data[].plan``) came before prices. Since 2025-03-31 ("basil") the period stands on the items
and discounts are ids; since 2025-09-30 ("clover") a discount names its coupon by id under ``source``.
"""

from decimal import ROUND_CEILING, Decimal
from typing import Any

from services.ingestion.stripe_object.rules import values
from services.ingestion.stripe_object.rules.observation import Facts, Marks
from services.ingestion.stripe_object.rules.values import Json
from shared.kernel.currency import stripe_exponent
from shared.kernel.money import EXACT, quantize

_UNIT_PLACES = 12
_AMOUNT_PLACES = 6


def read_subscription(subscription: Json) -> Facts:
    """A subscription. Amounts are decimal text in major units, times are seconds."""
    code = values.currency(subscription)
    status = values.required_text(subscription, "status")
    entries = _entries(subscription)
    periods = [values.moment(entry, "current_period_end") for entry in entries]
    ends = [end for end in [values.moment(subscription, "current_period_end"), *periods] if end is not None]
    shared_rates = values.objects(subscription, "default_tax_rates")
    return {
        "currency": code,
        "customer": values.reference(subscription, "customer"),
        "status": status,
        "paused": values.member(subscription, "pause_collection") is not None or status == "paused",
        "cancel_at_period_end": values.flag(subscription, "cancel_at_period_end"),
        "current_period_end": max(ends, default=None),
        "canceled_at": values.moment(subscription, "canceled_at"),
        "ended_at": values.moment(subscription, "ended_at"),
        "trial_end": values.moment(subscription, "trial_end"),
        "items": [_item(entry, code, shared_rates) for entry in entries],
        "discounts": _discounts(subscription, entries),
        "item_discounts": _item_discounts(entries),
        **values.claims(subscription),
    }


def _entries(subscription: Json) -> list[Json]:
    """The items, in a fixed order; the oldest subscriptions have one plan of their own instead."""
    entries = values.objects(subscription, "items")
    plan = values.member(subscription, "plan")
    if not entries and plan is not None:
        return [{"object": "subscription_item", "id": subscription.get("id"), "plan": plan, **_quantity(subscription)}]
    return sorted(entries, key=lambda entry: values.required_text(entry, "id"))


def _quantity(subscription: Json) -> dict[str, Any]:
    return {"quantity": subscription.get("quantity")}


def _item(entry: Json, code: str, shared_rates: list[Json]) -> Facts:
    price = values.member(entry, "price")
    plan = values.member(entry, "plan") or {}
    recurring = plan if price is None else values.member(price, "recurring") or plan
    return {
        "item_id": values.required_text(entry, "id"),
        "price_id": values.text(plan if price is None else price, "id"),
        "unit_amount": _unit_amount(plan, "amount", code)
        if price is None
        else _unit_amount(price, "unit_amount", code),
        "quantity": _billed_quantity(entry, plan if price is None else price),
        "interval": values.text(recurring, "interval"),
        "interval_count": values.whole(recurring, "interval_count") or 1,
        "metered": values.text(recurring, "usage_type") == "metered",
        "inclusive_tax_pct": _inclusive_tax(values.objects(entry, "tax_rates") or shared_rates),
    }


def _unit_amount(price: Json, name: str, code: str) -> str | None:
    """The price of one unit in major units, up to 12 decimals; None when it depends on the quantity."""
    if values.text(price, "billing_scheme") == "tiered":
        return None
    exact = values.decimal(price, f"{name}_decimal")
    if exact is None:
        exact = values.decimal(price, name)
    return None if exact is None else _plain(exact.scaleb(-stripe_exponent(code), EXACT), _UNIT_PLACES)


def _plain(number: Decimal, places: int) -> str:
    """One text per number: quantized half-even, without trailing zeros."""
    text = format(quantize(number, places), "f").rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def _billed_quantity(entry: Json, price: Json) -> int:
    """How many units are charged: a price per package of n divides, and rounds as it says."""
    quantity = values.whole(entry, "quantity")
    quantity = 1 if quantity is None else quantity
    package = values.member(price, "transform_quantity") or values.member(price, "transform_usage")
    size = values.whole(package, "divide_by") if package else None
    if not size or size < 0:
        return quantity
    rounding = None if package is None else values.text(package, "round")
    parts = Decimal(quantity) / Decimal(size)
    return int(parts.to_integral_value(ROUND_CEILING) if rounding == "up" else parts)


def _inclusive_tax(rates: list[Json]) -> str:
    """The percentage of tax that is contained in the price."""
    inclusive = [values.decimal(rate, "percentage") or Decimal(0) for rate in rates if values.flag(rate, "inclusive")]
    return _plain(sum(inclusive, Decimal(0)), _AMOUNT_PLACES)


def _discounts(subscription: Json, entries: list[Json]) -> list[Facts]:
    """The subscription's own discounts, each as its id and, when expanded, what it says.

    With a single item, the item's discounts are the subscription's.
    """
    found = values.listed(subscription, "discounts")
    single = subscription.get("discount")
    if not found and single is not None:
        found = [single]
    if len(entries) == 1:
        found = [*found, *values.listed(entries[0], "discounts")]
    read = [_discount_entry(entry) for entry in found]
    return [entry for index, entry in enumerate(read) if entry["id"] not in [other["id"] for other in read[:index]]]


def _discount_entry(entry: Any) -> Facts:
    if isinstance(entry, str):
        return {"id": entry, "facts": None}
    if not isinstance(entry, dict):
        raise values.Malformed("subscription.discounts holds neither ids nor objects")
    return {"id": discount_id(entry), "facts": read_discount(entry)}


def _item_discounts(entries: list[Json]) -> list[str]:
    """Discounts of single items among several, which no rule applies yet."""
    if len(entries) < 2:  # noqa: PLR2004 - several
        return []
    return sorted({_discount_entry(found)["id"] for entry in entries for found in values.listed(entry, "discounts")})


def discount_id(discount: Json) -> str:
    """A discount's id; the oldest discounts have none, and are told apart by customer, coupon and start."""
    given = values.text(discount, "id")
    facts = read_discount(discount)
    return given or f"{facts['subscription'] or facts['customer']}:{facts['coupon_id']}:{facts['start']}"


def read_discount(discount: Json) -> Facts:
    """A discount; ``coupon`` is None where it is given by id."""
    source = values.member(discount, "source") or {}
    coupon = values.member(discount, "coupon") or values.member(source, "coupon")
    return {
        "customer": values.reference(discount, "customer"),
        "subscription": values.reference(discount, "subscription"),
        "elsewhere": any(values.text(discount, name) for name in ("invoice", "invoice_item", "checkout_session")),
        "coupon_id": values.reference(discount, "coupon") or values.reference(source, "coupon"),
        "coupon": None if coupon is None else read_coupon(coupon),
        "start": values.required_moment(discount, "start"),
        "end": values.moment(discount, "end"),
    }


def read_discount_event(discount: Json, second: int, event_type: str) -> tuple[Facts, Marks]:
    """The same from an event; mark ``deleted``: the discount ended then."""
    return read_discount(discount), {"deleted": second} if event_type.endswith(".deleted") else {}


def read_coupon(coupon: Json) -> Facts:
    """A coupon: a percentage, or an amount in its currency (decimal text, major units)."""
    off = values.decimal(coupon, "percent_off")
    amount = values.decimal(coupon, "amount_off")
    code = None if amount is None else values.currency(coupon)
    return {
        "percent_off": None if off is None else _plain(off, _AMOUNT_PLACES),
        "amount_off": None
        if amount is None or code is None
        else _plain(amount.scaleb(-stripe_exponent(code), EXACT), _AMOUNT_PLACES),
        "currency": code,
        "duration": values.text(coupon, "duration") or "forever",
    }
