"""The latency of the loop: from a webhook that is stored to the comparison that it moved.

Each webhook raises the quantity of one of some customers' subscriptions by one, in turn, so each leads to another,
higher MRR of its venture. Measured per webhook, from rows that the services wrote themselves: ingestion's
``received_at`` of the raw event (before its commit), and the instant at which the first comparison whose actual MRR
contains it was noted beside its alerts in sync's outbox (the last statement before their commit). When several
webhooks are compared together, the comparison counts for each of them.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic

import psycopg

from shared.kernel import clock
from trueup.bench.settled import settle
from trueup.stripe_double import LEGACY, Json, StripeAccount

UNIT = Decimal("0.10")
"""What one more unit adds to the MRR: too little to move a figure that people look at."""
AT_ONCE = 16

RAW_EVENTS = "SELECT event_id, received_at FROM owned.raw_events WHERE connection_id = %s AND event_id = ANY(%s)"
COMPARISONS = """
    SELECT payload::json ->> 'venture_id', (payload::json ->> 'actual')::numeric, recorded_at FROM platform.event_log
    WHERE event_type = 'variance.computed' AND recorded_at >= %s AND organization_id = %s
      AND payload::json ->> 'metric' = 'mrr'
"""

Deliver = Callable[[Json], Awaitable[None]]
DeliverEvenly = Callable[[list[Json], float], Awaitable[object]]
"""Delivers events at so many a second, each at its due instant, whether or not the one before was answered."""
Compared = dict[str, list[tuple[Decimal, datetime]]]
"""(actual MRR, stored at) of comparisons by venture."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whose loop is measured, and where its rows are (operator's database URLs)."""

    organization_id: str
    venture_ids: Sequence[str]
    connection_id: str
    currency: str
    ingestion_url: str
    sync_url: str
    customers: int = 300


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds per webhook, and how many were never compared."""

    milliseconds: list[float]
    missing: int


async def measure(
    target: Target,
    deliver: Deliver,
    count: int,
    per_second: float,
    *,
    evenly: DeliverEvenly | None = None,
    patience_s: float = 60,
) -> Measured:
    """Send ``count`` webhooks at an even rate and look up how long each took through the loop.

    ``evenly``: how to send them, if not by ``deliver``.
    """
    started = clock.now()
    rise = Rise(target, started, count)
    await deliver_together(rise.opening, deliver)
    await settle(patience_s)
    level = {
        venture: max(found, key=lambda row: row[1])[0]
        for venture, found in (await asyncio.to_thread(_compared, target, started)).items()
    }
    steps = [event for _, event in rise.steps]
    await (evenly(steps, per_second) if evenly else at_even_rate(steps, deliver, per_second))
    received = await asyncio.to_thread(_received, target, [event["id"] for _, event in rise.steps])
    in_order: dict[str, list[datetime]] = defaultdict(list)
    for venture, event in rise.steps:
        in_order[venture].append(received[event["id"]])
    measured = await _await_comparisons(target, started, in_order, level, patience_s)
    await deliver_together(rise.closing, deliver)
    return measured


class Rise:
    """Subscriptions that grow step by step in turn, and end.

    The steps of each lie a second apart in the past, so that each is a state of its own.
    """

    def __init__(self, target: Target, now: datetime, count: int) -> None:
        account = StripeAccount(f"rise-{now.isoformat()}", LEGACY)
        turns = -(-count // target.customers)
        at = now.replace(microsecond=0) - timedelta(seconds=turns + 60)
        price = account.prices.create(int(UNIT * 100), target.currency, at)
        self.opening: list[Json] = []
        self.steps: list[tuple[str, Json]] = []
        self.closing: list[Json] = []
        subscriptions = []
        for number in range(target.customers):
            venture = target.venture_ids[number % len(target.venture_ids)]
            customer = account.customers.create(f"Loop probe {number}", at, metadata={"venture_id": venture})
            started = account.subscriptions.start(customer.subject, [(price, 1)], at, billed=False)
            subscriptions.append((venture, started.subject))
            self.opening += [*customer, *started]
        for step in range(count):
            turn, number = divmod(step, target.customers)
            venture, subscription = subscriptions[number]
            moment = at + timedelta(seconds=turn + 1)
            changed = account.subscriptions.change(subscription, moment, quantity=2 + turn)
            self.steps += [(venture, event) for event in changed]
        for _, subscription in subscriptions:
            self.closing += account.subscriptions.cancel(subscription, at + timedelta(seconds=turns + 30))


async def deliver_together(events: list[Json], deliver: Deliver) -> None:
    """A few at a time, as fast as they are answered."""
    queue = iter(events)

    async def worker() -> None:
        for event in queue:
            await deliver(event)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())


async def at_even_rate(events: list[Json], deliver: Deliver, per_second: float) -> None:
    """Deliver each at its due instant."""
    begin = monotonic()
    async with asyncio.TaskGroup() as group:
        for index, event in enumerate(events):
            await asyncio.sleep(max(0.0, begin + index / per_second - monotonic()))
            group.create_task(_deliver(event, deliver))


async def _deliver(event: Json, deliver: Deliver) -> None:
    await deliver(event)


def _received(target: Target, event_ids: list[str]) -> dict[str, datetime]:
    with psycopg.connect(target.ingestion_url) as connection:
        return dict(connection.execute(RAW_EVENTS, [target.connection_id, event_ids]).fetchall())


async def _await_comparisons(
    target: Target,
    started: datetime,
    received: Mapping[str, list[datetime]],
    level: Mapping[str, Decimal],
    patience_s: float,
) -> Measured:
    """Look until the highest MRR of every venture was compared, then match each webhook with its comparison."""
    deadline = monotonic() + patience_s
    while True:
        compared = await asyncio.to_thread(_compared, target, started)
        found = [match(received[venture], compared[venture], level[venture]) for venture in received]
        missing = sum(one.missing for one in found)
        if not missing or monotonic() > deadline:
            return Measured([value for one in found for value in one.milliseconds], missing)
        await asyncio.sleep(0.2)


def _compared(target: Target, since: datetime) -> Compared:
    """Every comparison of the ventures' MRR since then."""
    found: Compared = defaultdict(list)
    with psycopg.connect(target.sync_url) as connection:
        for venture, actual, stored_at in connection.execute(COMPARISONS, [since, target.organization_id]):
            found[venture].append((actual, stored_at))
    return found


def match(received: list[datetime], compared: list[tuple[Decimal, datetime]], level: Decimal) -> Measured:
    """Milliseconds from each webhook of a venture (in the order of its step) to the first comparison that contains it.

    A webhook that a later step overtook on its way changes nothing any more: it is neither measured nor missing.
    """
    milliseconds, missing = [], 0
    for step, at in enumerate(received, start=1):
        containing = [done for actual, done in compared if actual >= level + step * UNIT]
        if not containing:
            missing += 1
        elif min(containing) >= at:
            milliseconds.append((min(containing) - at).total_seconds() * 1000)
    return Measured(milliseconds, missing)
