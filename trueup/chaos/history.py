"""A Stripe account's life that is the same every time, whoever's ventures it pays."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from trueup.stripe_double import CLOVER, ApiVersion, Json, StripeAccount
from trueup.stripe_double.customers import Customer
from trueup.stripe_double.subscription_shape import Subscription

DAYS = 80


def busy_history(
    ventures: Mapping[str, str],
    events: int,
    *,
    seed: int = 7,
    version: ApiVersion = CLOVER,
    now: datetime | None = None,
) -> list[Json]:
    """At least so many events of many customers: subscriptions that change and end, bills, refunds, payouts."""
    rng = Random(seed)  # noqa: S311 - a reproducible choice, no secret
    account = StripeAccount(f"loop-{seed}", version)
    end = now or datetime.now(UTC)
    start = end.replace(hour=3, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    names = list(ventures)
    told: list[Json] = []
    living: list[tuple[Customer, Subscription]] = []
    moment = start
    while len(told) < events:
        moment += timedelta(seconds=rng.randrange(1, 90 * 60))
        if moment > end - timedelta(hours=1):
            moment = start + timedelta(seconds=rng.randrange(3600))
        step = rng.random()
        if step < 0.35 or len(living) < 5:  # noqa: PLR2004 - shares of what happens
            venture = ventures[names[rng.randrange(len(names))]]
            customer = account.customers.create(f"Customer {len(living)}", moment, metadata={"venture_id": venture})
            price = account.prices.create(
                rng.choice([9_900, 25_050, 120_000]), rng.choice(["MYR"] * 9 + ["USD"]), moment
            )
            begun = account.subscriptions.start(customer.subject, [(price, rng.randrange(1, 4))], moment)
            living.append((customer.subject, begun.subject))
            told += [*customer, *begun]
        elif step < 0.6:  # noqa: PLR2004 - as above
            told += account.subscriptions.change(rng.choice(living)[1], moment, quantity=rng.randrange(1, 9))
        elif step < 0.7:  # noqa: PLR2004 - as above
            gone = living.pop(rng.randrange(len(living)))
            told += account.subscriptions.cancel(gone[1], moment)
        elif step < 0.9:  # noqa: PLR2004 - as above
            paid = account.payments.take(rng.choice(living)[0], rng.choice([5_000, 7_525]), "MYR", moment)
            told += paid
            if rng.random() < 0.3:  # noqa: PLR2004 - as above
                told += account.refunds.make(paid.subject, moment + timedelta(minutes=5), 2_500)
        else:
            sent = account.payouts.send(10_000, "MYR", moment, arrival=moment.date())
            told += [*sent, *account.payouts.arrive(sent.subject, moment + timedelta(minutes=9))]
    return told


def with_repeats(events: list[Json], seed: int) -> list[Json]:
    """The events with every tenth told twice, and some overtaken by those after them, as Stripe does."""
    rng = Random(seed)  # noqa: S311 - a reproducible choice, no secret
    order = [(place + rng.uniform(0, 6), event) for place, event in enumerate(events)]
    order += [(place + rng.uniform(0, 200), event) for place, event in enumerate(events) if rng.random() < 0.1]  # noqa: PLR2004 - every tenth
    return [event for _, event in sorted(order, key=lambda pair: pair[0])]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a ledger holds that has counted each event exactly once: (how many, Stripe minor units) by currency."""

    events: int
    payments: dict[str, tuple[int, int]]
    refunds: dict[str, tuple[int, int]]


def expected_of(events: Iterable[Json]) -> Expected:
    """Count what was told, without any rule of ours: each object once, in its last told state.

    The events are in the order in which they happened.
    """
    told: dict[str, Json] = {event["id"]: event for event in events}
    objects = {(event["data"]["object"]["object"], event["data"]["object"]["id"]): event for event in told.values()}
    charges = [event["data"]["object"] for (kind, _), event in objects.items() if kind == "charge"]
    refunds = [event["data"]["object"] for (kind, _), event in objects.items() if kind == "refund"]
    return Expected(
        len(told),
        _sums((charge["currency"], charge["amount_captured"]) for charge in charges),
        _sums((refund["currency"], refund["amount"]) for refund in refunds),
    )


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, tuple[int, int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for currency, amount in amounts:
        if amount:
            found[currency.upper()].append(amount)
    return {currency: (len(each), sum(each)) for currency, each in sorted(found.items())}
