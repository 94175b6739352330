"""The company's history as Stripe saw it: months of subscriptions, bills, refunds, disputes and payouts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from shared.kernel.allocation import allocate
from trueup.demo.company import TIME_ZONE, VENTURES, VentureStory, plan_start
from trueup.stripe_double import CLOVER, LEGACY, Json, StripeAccount
from trueup.stripe_double.customers import Customer
from trueup.stripe_double.subscription_shape import Subscription

ZONE = ZoneInfo(TIME_ZONE)
REPEATED = 0.1
"""The share of events that Stripe delivers twice."""

LATE = 86_400
"""By how many seconds an event is late on average."""

BASE_WEIGHTS = (5, 3, 4, 2, 6, 3, 2, 4)


@dataclass
class Books:
    """One Stripe connection: its account and everything it has told so far."""

    account: StripeAccount
    now: datetime
    rng: Random
    events: list[Json] = field(default_factory=list)
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def customer(self, name: str, at: datetime) -> Customer:
        """A new customer, whose metadata says whose it is."""
        told = self.account.customers.create(name, at, metadata=self.links.get(name, {}))
        self.events += told
        return told.subject

    def subscribe(self, name: str, amount: Decimal, at: datetime, currency: str = "MYR") -> Subscription:
        """A new customer with a monthly subscription, renewed every month until today."""
        price = self.account.prices.create(int(amount * 100), currency, at, nickname="Monthly")
        told = self.account.subscriptions.start(self.customer(name, at), [(price, 1)], at)
        self.events += told
        return told.subject

    def renew_until(self, subscription: Subscription, end: datetime) -> None:
        """Bill each month until an instant."""
        while subscription.period_end < end:
            self.events += self.account.subscriptions.renew(subscription, subscription.period_end)

    def at(self, day: date) -> datetime:
        """Some time of the working day, never in the future."""
        moment = time(9 + self.rng.randrange(8), self.rng.randrange(60), self.rng.randrange(60))
        return min(datetime.combine(day, moment, ZONE), self.now - timedelta(minutes=10))

    def just_now(self) -> datetime:
        """A few minutes ago, and today."""
        return max(datetime.combine(self.now.astimezone(ZONE), time.min, ZONE), self.now - timedelta(minutes=7))


def open_books(today: date, now: datetime, links: Mapping[str, Mapping[str, str]]) -> tuple[Books, Books]:
    """Two connections: one that speaks Stripe's API of 2024, one that speaks clover (2025)."""
    seed = f"nusantara-{today}"
    older = Books(StripeAccount(f"{seed}-older", LEGACY), now, Random(1), links=links)  # noqa: S311 - a story, no secret
    newer = Books(StripeAccount(f"{seed}-newer", CLOVER), now, Random(2), links=links)  # noqa: S311 - a story, no secret
    return older, newer


def play_company(older: Books, newer: Books, today: date) -> None:
    """Everything that happened in both accounts until today."""
    for story in VENTURES:
        if story.pace is not None:
            _play_venture(older if story.older_stripe else newer, story, today)
    _play_oddities(older, newer, today)
    for books in (older, newer):
        _play_payouts(books, today)


def _play_venture(books: Books, story: VentureStory, today: date) -> None:
    """Customers that add up to the baseline on the plan's first day and to the actual MRR today."""
    start, actual = plan_start(today), story.actual(today)
    assert story.baseline is not None
    assert actual is not None
    amounts = _split(story.baseline, len(story.customers))
    base = [
        books.subscribe(name, amount, books.at(start - timedelta(days=1 + 4 * index)))
        for index, (name, amount) in enumerate(zip(story.customers, amounts, strict=True))
    ]
    # The smallest one leaves half-way, the largest one takes more; newcomers bring the rest.
    leaver, grower = (
        min(zip(amounts, base, strict=True), key=_amount),
        max(zip(amounts, base, strict=True), key=_amount),
    )
    days = (today - start).days
    leave_at = books.at(start + timedelta(days=days // 2))
    missing = actual - story.baseline + leaver[0]
    more = max(Decimal(0), (missing / 4).to_integral_value())
    _end(books, leaver[1], leave_at)
    _grow(books, grower[1], grower[0] + more, books.at(start + timedelta(days=2 * days // 3)))
    # The last one joined just now, so that there is an MRR of today to compare.
    last = len(story.newcomers) - 1
    for index, amount in enumerate(_split(missing - more, last + 1)):
        day = start + timedelta(days=3 + (days - 6) * index // (last + 1))
        at = books.just_now() if index == last else books.at(day)
        base.append(books.subscribe(story.newcomers[index], amount, at))
    for subscription in base:
        if subscription.status == "active":
            books.renew_until(subscription, books.now)


def _amount(pair: tuple[Decimal, Subscription]) -> Decimal:
    return pair[0]


def _split(amount: Decimal, parts: int) -> list[Decimal]:
    """Believable, unequal whole amounts that add up."""
    weights = [Decimal(BASE_WEIGHTS[index % len(BASE_WEIGHTS)]) for index in range(parts)]
    return allocate(amount, weights, 0)


def _end(books: Books, subscription: Subscription, at: datetime) -> None:
    books.renew_until(subscription, at)
    books.events += books.account.subscriptions.cancel(subscription, at)


def _grow(books: Books, subscription: Subscription, amount: Decimal, at: datetime) -> None:
    books.renew_until(subscription, at)
    price = books.account.prices.create(int(amount * 100), "MYR", at, nickname="Monthly, larger")
    books.events += books.account.subscriptions.change(subscription, at, price=price)


def _play_oddities(older: Books, newer: Books, today: date) -> None:
    """What happens in real life: refunds, one that fails, a dispute, a trial, another currency, an unknown payer."""
    day = plan_start(today) + timedelta(days=20)
    payer = older.customer("Kedai Runcit Union (one-off)", older.at(day))
    paid = [older.account.payments.take(payer, amount, "MYR", older.at(day)) for amount in (48_000, 125_050, 9_900)]
    older.events += [event for payment in paid for event in payment]
    refunds = [
        older.account.refunds.make(paid[0].subject, older.at(day + timedelta(days=3)), 18_000),
        older.account.refunds.make(paid[2].subject, older.at(day + timedelta(days=4))),
    ]
    older.events += refunds[0] + refunds[1]
    older.events += older.account.refunds.fail(refunds[1].subject, older.at(day + timedelta(days=9)))
    dispute = older.account.disputes.open(paid[1].subject, older.at(day + timedelta(days=12)))
    older.events += dispute + older.account.disputes.respond(dispute.subject, older.at(day + timedelta(days=14)))

    dollars = newer.subscribe("Singapore Fine Foods", Decimal(1800), newer.at(day), "USD")
    newer.renew_until(dollars, newer.now)
    unknown = newer.subscribe("Walk-in customer", Decimal(320), newer.at(day))
    newer.renew_until(unknown, newer.now)
    price = newer.account.prices.create(99_000, "MYR", newer.at(day), nickname="Trial")
    on_trial = newer.customer("Putrajaya Pilot", newer.at(today - timedelta(days=5)))
    newer.events += newer.account.subscriptions.start(
        on_trial, [(price, 1)], newer.at(today - timedelta(days=5)), trial_days=30
    )


def _play_payouts(books: Books, today: date) -> None:
    """Four weekly payouts of a part of the balance; one of them comes back from the bank."""
    day = plan_start(today) + timedelta(days=25)
    share = books.account.balance("MYR") // 6
    for week in range(4):
        sent = books.at(day + timedelta(days=7 * week))
        arrival = sent.date() + timedelta(days=2)
        payout = books.account.payouts.send(share, "MYR", sent, arrival=arrival)
        books.events += payout + books.account.payouts.arrive(payout.subject, books.at(arrival))
        if week == 1:
            books.events += books.account.payouts.fail(payout.subject, books.at(arrival + timedelta(days=2)))
    books.events += books.account.tell_balance(books.now - timedelta(minutes=5))


def as_delivered(events: Sequence[Json], rng: Random) -> list[Json]:
    """How Stripe really delivers: nearly in order, some late, one in ten twice."""
    posted = list(events) + [event for event in events if rng.random() < REPEATED]
    return sorted(posted, key=lambda event: event["created"] + rng.expovariate(1 / LATE))
