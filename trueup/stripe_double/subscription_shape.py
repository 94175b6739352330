"""Subscriptions as Stripe gives them: the state, and its JSON in each API version."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from shared.kernel.periods import add_months
from trueup.stripe_double.customers import Customer
from trueup.stripe_double.discounts import Discount, discount_json
from trueup.stripe_double.journal import Journal, Json, epoch, moment, one_page
from trueup.stripe_double.prices import Price, plan_json, price_json


@dataclass(slots=True)
class Item:
    """One priced line of a subscription; metered ones have no quantity."""

    id: str
    price: Price
    quantity: int
    created: datetime


@dataclass(slots=True)
class Subscription:
    """A subscription; ``tax_pct`` is the percentage of a tax rate on it (inclusive when its prices are)."""

    id: str
    customer: Customer
    items: list[Item]
    created: datetime
    period_start: datetime
    period_end: datetime
    status: str = "active"
    trial_start: datetime | None = None
    trial_end: datetime | None = None
    cancel_at_period_end: bool = False
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    pause_behavior: str | None = None
    discounts: list[Discount] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    latest_invoice: str | None = None
    tax_pct: Decimal | None = None

    @property
    def currency(self) -> str:
        """All items of a subscription share one currency."""
        return self.items[0].price.currency


def next_period_end(start: datetime, price: Price) -> datetime:
    """When a period of this price that starts at ``start`` ends."""
    count = price.interval_count
    if price.interval in {"day", "week"}:
        return start + timedelta(days=count * (7 if price.interval == "week" else 1))
    months = count * (12 if price.interval == "year" else 1)
    return datetime.combine(add_months(start.date(), months), start.timetz())


def _tax_rates(subscription: Subscription, item: Item, journal: Journal) -> list[Json]:
    if subscription.tax_pct is None:
        return []
    return [
        {
            "id": f"txr_{item.id[3:]}",
            "object": "tax_rate",
            "active": True,
            "country": None,
            "created": epoch(subscription.created),
            "description": None,
            "display_name": "Tax",
            "inclusive": item.price.inclusive_tax,
            "jurisdiction": None,
            "livemode": journal.livemode,
            "metadata": {},
            "percentage": float(subscription.tax_pct),
            "state": None,
            "tax_type": None,
        }
    ]


def item_json(item: Item, subscription: Subscription, journal: Journal) -> Json:
    """The subscription item object."""
    body: Json = {
        "id": item.id,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": epoch(item.created),
        "discounts": [],
        "metadata": {},
        "plan": plan_json(item.price, journal),
        "price": price_json(item.price, journal),
        "subscription": subscription.id,
        "tax_rates": _tax_rates(subscription, item, journal),
    }
    if not item.price.metered:
        body["quantity"] = item.quantity
    if journal.version.basil:
        body["current_period_start"] = epoch(subscription.period_start)
        body["current_period_end"] = epoch(subscription.period_end)
    return body


def _by_version(subscription: Subscription, journal: Journal) -> Json:
    discounts = subscription.discounts
    if journal.version.basil:
        return {
            "billing_mode": {"flexible": None, "type": "classic"},
            "discounts": [discount.id for discount in discounts],
        }
    body: Json = {
        "current_period_start": epoch(subscription.period_start),
        "current_period_end": epoch(subscription.period_end),
        "discount": discount_json(discounts[0], journal) if discounts else None,
    }
    if not journal.version.lists_inside:
        body["discounts"] = [discount.id for discount in discounts]
    if len(subscription.items) == 1:
        only = subscription.items[0]
        body |= {"plan": plan_json(only.price, journal), "quantity": only.quantity}
    return body


_NULL = dict.fromkeys(
    [
        "application",
        "application_fee_percent",
        "days_until_due",
        "default_payment_method",
        "default_source",
        "description",
        "next_pending_invoice_item_invoice",
        "on_behalf_of",
        "pending_invoice_item_interval",
        "pending_setup_intent",
        "pending_update",
        "schedule",
        "test_clock",
        "transfer_data",
    ]
)
"""Of what this double does not play, Stripe gives null."""


def subscription_json(subscription: Subscription, journal: Journal) -> Json:
    """The subscription object."""
    paused = subscription.pause_behavior
    common: Json = {
        "id": subscription.id,
        "object": "subscription",
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": epoch(subscription.created),
        "cancel_at": epoch(subscription.period_end) if subscription.cancel_at_period_end else None,
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "canceled_at": moment(subscription.canceled_at),
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "reason": "cancellation_requested" if subscription.canceled_at else None,
        },
        "collection_method": "charge_automatically",
        "created": epoch(subscription.created),
        "currency": subscription.currency,
        "customer": subscription.customer.id,
        "default_tax_rates": [],
        "ended_at": moment(subscription.ended_at),
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": one_page(
            f"/v1/subscription_items?subscription={subscription.id}",
            (item_json(item, subscription, journal) for item in subscription.items),
        ),
        "latest_invoice": subscription.latest_invoice,
        "livemode": journal.livemode,
        "metadata": dict(subscription.metadata),
        "pause_collection": {"behavior": paused, "resumes_at": None} if paused else None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": epoch(subscription.created),
        "status": subscription.status,
        "trial_end": moment(subscription.trial_end),
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": moment(subscription.trial_start),
    }
    return _NULL | common | _by_version(subscription, journal)
