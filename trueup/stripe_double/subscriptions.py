"""What happens to subscriptions: started, changed, paused, billed, ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from trueup.stripe_double.customers import Customer
from trueup.stripe_double.discounts import Coupon, discount_json, discount_of
from trueup.stripe_double.invoices import Invoices
from trueup.stripe_double.journal import Happened, Journal, Json, epoch
from trueup.stripe_double.prices import Price
from trueup.stripe_double.subscription_shape import Item, Subscription, item_json, next_period_end, subscription_json


class Subscriptions:
    """The account's subscriptions."""

    def __init__(self, journal: Journal, invoices: Invoices) -> None:
        self._journal = journal
        self._invoices = invoices

    def start(
        self,
        customer: Customer,
        items: Sequence[tuple[Price, int]],
        at: datetime,
        *,
        trial_days: int = 0,
        coupon: Coupon | None = None,
        metadata: Mapping[str, str] | None = None,
        tax_pct: Decimal | None = None,
        incomplete: bool = False,
        billed: bool = True,
    ) -> Happened[Subscription]:
        """A new subscription: on trial, waiting for its first payment (``incomplete``), or active and billed."""
        lines = [Item(self._journal.new_id("si"), price, quantity, at) for price, quantity in items]
        trial_end = at + timedelta(days=trial_days) if trial_days else None
        subscription = Subscription(
            self._journal.new_id("sub"),
            customer,
            lines,
            at,
            at,
            trial_end or next_period_end(at, lines[0].price),
            trial_start=at if trial_end else None,
            trial_end=trial_end,
            metadata=dict(metadata or {}),
            tax_pct=tax_pct,
        )
        subscription.status = "incomplete" if incomplete else "trialing" if trial_end else "active"
        customer.currency = customer.currency or subscription.currency
        events = self._discounted(subscription, coupon, at) if coupon else []
        bill = [] if incomplete or trial_end or not billed else self._invoices.bill(subscription, at, "create")
        events += self._told(subscription, "created", at)
        return Happened(subscription, events + bill)

    def change(
        self,
        subscription: Subscription,
        at: datetime,
        *,
        quantity: int | None = None,
        price: Price | None = None,
        item: int = 0,
    ) -> Happened[Subscription]:
        """Another quantity or price of one item (the proration appears on the next invoice)."""
        line = subscription.items[item]
        previous: Json = {"items": self._items(subscription)}
        line.quantity = line.quantity if quantity is None else quantity
        line.price = price or line.price
        return self._updated(subscription, at, previous)

    def set_status(self, subscription: Subscription, status: str, at: datetime) -> Happened[Subscription]:
        """Another status by payment or time: active, past_due, unpaid, incomplete_expired ..."""
        previous: Json = {"status": subscription.status}
        subscription.status = status
        return self._updated(subscription, at, previous)

    def label(self, subscription: Subscription, at: datetime, metadata: Mapping[str, str]) -> Happened[Subscription]:
        """New metadata, e.g. the venture it belongs to."""
        previous: Json = {"metadata": dict(subscription.metadata)}
        subscription.metadata |= metadata
        return self._updated(subscription, at, previous)

    def end_trial(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """The trial is over: active, and billed for the first period."""
        subscription.period_start, subscription.period_end = at, next_period_end(at, subscription.items[0].price)
        subscription.trial_end = at
        told = self.set_status(subscription, "active", at)
        return Happened(subscription, told + self._invoices.bill(subscription, at, "cycle"))

    def pause_collection(
        self, subscription: Subscription, at: datetime, behavior: str = "void"
    ) -> Happened[Subscription]:
        """The subscription goes on, its invoices are not collected (status stays active)."""
        subscription.pause_behavior = behavior
        return self._updated(subscription, at, {"pause_collection": None})

    def resume_collection(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """Invoices are collected again."""
        previous: Json = {"pause_collection": {"behavior": subscription.pause_behavior, "resumes_at": None}}
        subscription.pause_behavior = None
        return self._updated(subscription, at, previous)

    def pause(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """Status paused: a trial ended without a payment method."""
        subscription.status = "paused"
        return Happened(subscription, self._told(subscription, "paused", at))

    def resume(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """A paused subscription becomes active."""
        subscription.status = "active"
        return Happened(subscription, self._told(subscription, "resumed", at))

    def apply(self, subscription: Subscription, coupon: Coupon, at: datetime) -> Happened[Subscription]:
        """A discount on this subscription."""
        events = self._discounted(subscription, coupon, at)
        return Happened(subscription, events + self._updated(subscription, at, {"discounts": []}))

    def remove_discounts(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """All its discounts end."""
        gone, subscription.discounts = subscription.discounts, []
        bodies = [discount_json(discount, self._journal) for discount in gone]
        events = [self._journal.event("customer.discount.deleted", body, at) for body in bodies]
        previous: Json = {"discounts": [discount.id for discount in gone]}
        return Happened(subscription, events + self._updated(subscription, at, previous))

    def cancel_later(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """It will end with its period; until then it counts."""
        subscription.cancel_at_period_end, subscription.canceled_at = True, at
        return self._updated(subscription, at, {"cancel_at_period_end": False, "canceled_at": None})

    def cancel(self, subscription: Subscription, at: datetime) -> Happened[Subscription]:
        """It ends now."""
        subscription.status, subscription.ended_at = "canceled", at
        subscription.canceled_at = subscription.canceled_at or at
        return Happened(subscription, self._told(subscription, "deleted", at))

    def renew(self, subscription: Subscription, at: datetime, *, paid: bool = True) -> Happened[Subscription]:
        """The next period begins: billed, and paid unless the payment fails (then past due)."""
        previous = self._period(subscription)
        subscription.period_start, subscription.period_end = at, next_period_end(at, subscription.items[0].price)
        bill = self._invoices.bill(subscription, at, "cycle", paid=paid)
        if not paid:
            previous["status"], subscription.status = subscription.status, "past_due"
        return Happened(subscription, self._updated(subscription, at, previous) + bill)

    def _period(self, subscription: Subscription) -> Json:
        """The current period, where the version has it: on the subscription, or since basil on its items."""
        if self._journal.version.basil:
            return {"items": self._items(subscription)}
        return {
            "current_period_start": epoch(subscription.period_start),
            "current_period_end": epoch(subscription.period_end),
        }

    def _items(self, subscription: Subscription) -> Json:
        return {"data": [item_json(item, subscription, self._journal) for item in subscription.items]}

    def _discounted(self, subscription: Subscription, coupon: Coupon, at: datetime) -> list[Json]:
        discount = discount_of(
            self._journal, coupon, at, customer=subscription.customer.id, subscription=subscription.id
        )
        subscription.discounts.append(discount)
        body = discount_json(discount, self._journal)
        return [self._journal.event("customer.discount.created", body, at)]

    def _updated(self, subscription: Subscription, at: datetime, previous: Json) -> Happened[Subscription]:
        return Happened(subscription, self._told(subscription, "updated", at, previous))

    def _told(self, subscription: Subscription, what: str, at: datetime, previous: Json | None = None) -> list[Json]:
        body = subscription_json(subscription, self._journal)
        return [self._journal.event(f"customer.subscription.{what}", body, at, previous)]
