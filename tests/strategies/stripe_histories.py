"""Random small lives of Stripe accounts, with what they must come to, computed beside them.

``histories()`` gives a ``History``: the webhook events in the order in which they happened, and ``Expected``
figures that are tallied from what was *done* (amounts, dates, states), never read back from the events.
``deliveries()`` gives any order with any repetition. The promise to test: every delivery of a history ends in
the same state, and that state is the expected one.

Amounts are multiples of 12 720 minor units, so that every monthly equivalent (weeks, years, 6 % inclusive tax,
discounts of 10, 25 and 50 %) is exact and figures can be compared with ``==``.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from trueup.stripe_double import VERSIONS, ApiVersion, Json, StripeAccount
from trueup.stripe_double.customers import Customer
from trueup.stripe_double.disputes import Dispute
from trueup.stripe_double.payment_shape import Payment
from trueup.stripe_double.payouts import Payout
from trueup.stripe_double.refunds import Refund
from trueup.stripe_double.subscription_shape import Subscription

CURRENCIES = ("MYR", "USD", "JPY", "KWD")
START = datetime(2025, 6, 27, 20, 15, tzinfo=UTC)
UNIT = 12_720
_DIGITS = {"JPY": 0, "KWD": 3}
_MONTHLY = {"day": Decimal(365) / 12, "week": Decimal(52) / 12, "month": Decimal(1), "year": Decimal(1) / 12}

ByMonth = Counter[tuple[str, str]]


@dataclass(frozen=True)
class Expected:
    """What a history must come to.

    ``payments`` and ``payouts``: net ISO minor units by (currency, local month); ``mrr``: by (venture, currency),
    in major units, at ``History.as_of``; venture None is money of no single venture. Zeros are left out.
    """

    payments: dict[tuple[str, str], int]
    payouts: dict[tuple[str, str], int]
    mrr: dict[tuple[str | None, str], Decimal]


@dataclass(frozen=True)
class History:
    """Events as they happened, and the figures at the end."""

    events: list[Json]
    as_of: datetime
    expected: Expected

    def __repr__(self) -> str:
        told = [(event["type"], event["id"], event["created"]) for event in self.events]
        return f"History(as_of={self.as_of}, expected={self.expected}, events={told})"


@dataclass
class World:
    """One account being played, the clock, and the tallies."""

    account: StripeAccount
    draw: Callable[[st.SearchStrategy], object]
    time_zone: ZoneInfo
    ventures: Sequence[str | None]
    now: datetime
    events: list[Json] = field(default_factory=list)
    payments: ByMonth = field(default_factory=Counter)
    payouts: ByMonth = field(default_factory=Counter)
    customers: list[tuple[Customer, str | None]] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    taken: list[Payment] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    sent: list[Payout] = field(default_factory=list)
    arrived: list[Payout] = field(default_factory=list)

    def pick(self, options: Sequence):
        return self.draw(st.sampled_from(options))

    def wait(self) -> datetime:
        # Longer than a charge takes to settle, so that no event tells an older state under a newer time.
        self.now += self.pick([timedelta(seconds=3), timedelta(hours=5), timedelta(days=3), timedelta(days=19)])
        return self.now

    def month(self, at: datetime) -> str:
        return f"{at.astimezone(self.time_zone):%Y-%m}"

    def money(self, currency: str, minor: int) -> None:
        self.payments[currency.upper(), self.month(self.now)] += minor

    def billed(self, told: list[Json]) -> None:
        """A renewal or a first bill was paid: what the card was charged."""
        for event in told:
            if event["type"] == "charge.succeeded":
                self.money(event["data"]["object"]["currency"], event["data"]["object"]["amount"])
        self.events += told


def a_customer(world: World) -> Customer:
    if world.customers and world.pick([True, True, False]):
        return world.pick(world.customers)[0]
    venture = world.pick(world.ventures)
    number = len(world.customers) + 1
    metadata = {"venture_id": venture} if venture else {}
    told = world.account.customers.create(f"Customer {number}", world.wait(), metadata=metadata)
    world.customers.append((told.subject, venture))
    world.events += told
    return told.subject


def subscribe(world: World) -> None:
    customer, account = a_customer(world), world.account
    currency, taxed = world.pick(CURRENCIES), world.pick([False, False, True])
    interval, count = world.pick([("month", 1), ("month", 3), ("year", 1), ("week", 2)])
    price = account.prices.create(
        UNIT * world.pick([1, 2, 7]),
        currency,
        world.now,
        interval=interval,
        interval_count=count,
        inclusive_tax=taxed,
    )
    trial_days = world.pick([0, 0, 0, 14])
    told = account.subscriptions.start(
        customer,
        [(price, world.pick([1, 3]))],
        world.wait(),
        trial_days=trial_days,
        tax_pct=Decimal(6) if taxed else None,
        incomplete=not trial_days and world.pick([False, False, False, True]),
    )
    world.subscriptions.append(told.subject)
    world.billed(told)
    if world.pick([False, False, True]):  # changed in the second in which it was created
        world.events += account.subscriptions.change(told.subject, world.now, quantity=2)


def _living(world: World) -> list[Subscription]:
    return [each for each in world.subscriptions if each.status not in {"canceled", "incomplete_expired"}]


def change(world: World) -> None:
    if living := _living(world):
        subscription = world.pick(living)
        world.events += world.account.subscriptions.change(subscription, world.wait(), quantity=world.pick([1, 2, 5]))


def renew(world: World) -> None:
    if living := [each for each in _living(world) if each.status == "active"]:
        subscription, paid = world.pick(living), world.pick([True, True, False])
        world.billed(world.account.subscriptions.renew(subscription, world.wait(), paid=paid))


def turn(world: World) -> None:
    """Another state: trial over, paused, resumed, unpaid, first payment made or given up."""
    if not (living := _living(world)):
        return
    subscription, desk, at = world.pick(living), world.account.subscriptions, world.wait()
    if subscription.status == "trialing":
        world.billed(desk.end_trial(subscription, at))
    elif subscription.status == "incomplete":
        world.events += desk.set_status(subscription, world.pick(["active", "incomplete_expired"]), at)
    elif subscription.pause_behavior:
        world.events += desk.resume_collection(subscription, at)
    elif subscription.status == "paused":
        world.events += desk.resume(subscription, at)
    elif subscription.status == "past_due":
        world.events += desk.set_status(subscription, world.pick(["active", "unpaid"]), at)
    elif subscription.status == "active":
        world.events += world.pick([desk.pause_collection, desk.pause])(subscription, at)


def cancel(world: World) -> None:
    if living := _living(world):
        subscription, desk, at = world.pick(living), world.account.subscriptions, world.wait()
        way = world.pick(["now", "later", "same second"])
        if way == "later":
            world.events += desk.cancel_later(subscription, at)
            return
        if way == "same second":
            world.events += desk.change(subscription, at, quantity=9)
        world.events += desk.cancel(subscription, at)


def discount(world: World) -> None:
    """A percentage off. Not where a coupon is only named by id: there the webhook alone cannot tell."""
    living = [each for each in _living(world) if not each.discounts]
    if not living or world.account.version.coupon_by_id:
        return
    subscription = world.pick(living)
    months = world.pick([None, 1, 12])
    coupon = world.account.coupons.create(
        world.now,
        percent_off=world.pick([Decimal(10), Decimal(25), Decimal(50)]),
        duration="repeating" if months else world.pick(["forever", "once"]),
        months=months,
    )
    world.events += coupon + world.account.subscriptions.apply(subscription, coupon.subject, world.wait())


def pay(world: World) -> None:
    customer, currency = a_customer(world), world.pick(CURRENCIES)
    amount, desk, at = UNIT * world.pick([1, 4]), world.account.payments, world.wait()
    way = world.pick(["intent", "charge", "held", "failed"])
    if way == "failed":
        world.events += desk.fail(customer, amount, currency, at)
        return
    if way == "held":
        held = desk.authorise(customer, amount, currency, at)
        told = held + desk.capture(held.subject, world.wait(), amount // 2)
        payment, amount = held.subject, amount // 2
    else:
        taken = desk.take(customer, amount, currency, at, direct=way == "charge")
        told, payment = list(taken), taken.subject
    # A held payment counts when it is captured.
    world.money(currency, amount)
    world.taken.append(payment)
    world.events += told


def refund(world: World) -> None:
    whole = [each for each in world.taken if each.captured > each.refunded and not each.disputed]
    if whole:
        payment = world.pick(whole)
        left = payment.captured - payment.refunded
        amount = world.pick([left, left // 2 or left])
        status = world.pick(["succeeded", "pending"])
        told = world.account.refunds.make(payment, world.wait(), amount, status)
        world.money(payment.currency, -amount)
        world.refunds.append(told.subject)
        world.events += told


def refund_comes_back(world: World) -> None:
    if standing := [each for each in world.refunds if each.status not in {"failed", "canceled"}]:
        back, at = world.pick(standing), world.wait()
        told = (world.account.refunds.cancel if back.status == "pending" else world.account.refunds.fail)(back, at)
        world.money(back.payment.currency, back.amount)
        world.events += told


def dispute(world: World) -> None:
    if whole := [each for each in world.taken if not each.refunded and not each.disputed]:
        payment = world.pick(whole)
        if world.pick([True, True, False]):
            told = world.account.disputes.open(payment, world.wait())
            world.money(payment.currency, -payment.captured)
        else:
            told = world.account.disputes.inquire(payment, world.wait())
        world.disputes.append(told.subject)
        world.events += told


def decide(world: World) -> None:
    if open_ones := [each for each in world.disputes if each.status not in {"won", "lost"}]:
        decided, won, at = world.pick(open_ones), world.pick([True, False]), world.wait()
        if won and decided.movements:
            world.money(decided.payment.currency, decided.amount)
        desk = world.account.disputes
        world.events += (desk.win if won else desk.lose)(decided, at)


def send(world: World) -> None:
    at, amount = world.wait(), UNIT * world.pick([1, 3, -1])
    arrival = at.date() + timedelta(days=world.pick([0, 2, 6]))
    told = world.account.payouts.send(amount, world.pick(CURRENCIES), at, arrival=arrival)
    world.sent.append(told.subject)
    world.events += told


def land(world: World) -> None:
    """A payout arrives, fails (perhaps after it was paid), or is canceled."""
    desk = world.account.payouts
    if world.sent and world.pick([True, True, False]):
        payout = world.sent.pop()
        if world.pick([True, True, False]):
            world.events += desk.arrive(payout, world.wait())
            _deposit(world, payout, payout.arrival, payout.amount)
            world.arrived.append(payout)
        else:
            world.events += world.pick([desk.fail, desk.cancel])(payout, world.wait())
    elif world.arrived:
        payout = world.arrived.pop()
        at = world.wait()
        world.events += desk.fail(payout, at)
        _deposit(world, payout, at.astimezone(world.time_zone).date(), -payout.amount)


def _deposit(world: World, payout: Payout, day: date, amount: int) -> None:
    world.payouts[payout.currency.upper(), f"{day:%Y-%m}"] += amount


STEPS = (
    subscribe,
    change,
    renew,
    turn,
    cancel,
    discount,
    pay,
    refund,
    refund_comes_back,
    dispute,
    decide,
    send,
    land,
)


def monthly(subscription: Subscription, at: datetime) -> Decimal:
    """The specification's MRR of a subscription, in major units (06-finance, Revenue)."""
    if subscription.status not in {"active", "past_due"} or subscription.pause_behavior:
        return Decimal(0)
    total = Decimal(0)
    for item in subscription.items:
        price = item.price
        amount = price.unit_amount.scaleb(-_DIGITS.get(price.currency.upper(), 2))
        if price.inclusive_tax and subscription.tax_pct:
            amount = amount * 100 / (100 + subscription.tax_pct)
        total += amount * item.quantity * _MONTHLY[price.interval] / price.interval_count
    for applied in subscription.discounts:
        in_force = applied.coupon.duration != "once" and (applied.end is None or at < applied.end)
        if in_force and applied.coupon.percent_off:
            total -= total * applied.coupon.percent_off / 100
    return total.quantize(Decimal("0.000001"))


def _expected(worlds: Sequence[World], as_of: datetime) -> Expected:
    payments: ByMonth = Counter()
    payouts: ByMonth = Counter()
    mrr: dict[tuple[str | None, str], Decimal] = {}
    for world in worlds:
        payments.update(world.payments)
        payouts.update(world.payouts)
        ventures = {customer.id: venture for customer, venture in world.customers}
        for subscription in world.subscriptions:
            key = (ventures[subscription.customer.id], subscription.currency.upper())
            mrr[key] = mrr.get(key, Decimal(0)) + monthly(subscription, as_of)
    return Expected(
        {key: amount for key, amount in payments.items() if amount},
        {key: amount for key, amount in payouts.items() if amount},
        {key: amount for key, amount in mrr.items() if amount},
    )


@st.composite
def histories(
    draw: st.DrawFn,
    *,
    ventures: Sequence[str | None] = (None, "11111111-1111-7111-8111-111111111111"),
    versions: Sequence[ApiVersion] = VERSIONS,
    time_zone: str = "UTC",
    max_steps: int = 14,
    seed: str = "history",
) -> History:
    """A history in one or two accounts (each its own API version); ``ventures`` go into customers' metadata."""
    worlds = [
        World(StripeAccount(f"{seed}-{version.name}", version), draw, ZoneInfo(time_zone), ventures, START)
        for version in draw(st.lists(st.sampled_from(versions), min_size=1, max_size=2, unique=True))
    ]
    for step in draw(st.lists(st.sampled_from(STEPS), min_size=2, max_size=max_steps)):
        step(draw(st.sampled_from(worlds)))
    as_of = max(world.now for world in worlds) + timedelta(hours=1)
    events = [event for world in worlds for event in world.events]
    return History(events, as_of, _expected(worlds, as_of))


def deliveries(events: Sequence[Json]) -> st.SearchStrategy[list[Json]]:
    """Every event at least once, some more than once, in any order."""
    if not events:
        return st.just([])
    repeats = st.lists(st.sampled_from(events), max_size=max(3, len(events) // 3))
    return repeats.flatmap(lambda more: st.permutations([*events, *more]))
