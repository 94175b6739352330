"""The latency of the loop: from a webhook that is stored to the comparison that it moved.

Each of N webhooks raises the quantity of one subscription by one, so each leads to another, higher MRR of its
venture. Measured per webhook, from rows that the services wrote themselves: ingestion's ``received_at`` of the raw
event, and ``computed_at`` of the first comparison whose actual MRR contains it. When several webhooks are
compared together, the comparison counts for each of them.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from time import monotonic

import psycopg

from shared.kernel import clock
from trueup.stripe_double import LEGACY, Json, StripeAccount

UNIT = Decimal("0.10")
"""What one more unit adds to the MRR: too little to move a figure that people look at."""

RAW_EVENTS = "SELECT event_id, received_at FROM owned.raw_events WHERE connection_id = %s AND event_id = ANY(%s)"
COMPARISONS = """
    SELECT payload FROM platform.event_log
    WHERE event_type = 'variance.computed' AND recorded_at >= %s AND organization_id = %s
"""

Deliver = Callable[[Json], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Target:
    """Whose loop is measured, and where its rows are (operator's database URLs)."""

    organization_id: str
    venture_id: str
    connection_id: str
    currency: str
    ingestion_url: str
    sync_url: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds per webhook, and how many were never compared."""

    milliseconds: list[float]
    missing: int


async def measure(target: Target, deliver: Deliver, count: int, per_second: float, patience_s: float = 20) -> Measured:
    """Send ``count`` webhooks at an even rate and look up how long each took through the loop.

    Raises ``TimeoutError`` when the loop does not even show the subscription that is to rise.
    """
    started = clock.now()
    rise = Rise(target, started, count)
    await deliver_quietly(rise.opening, deliver)
    level = await _level(target, started, patience_s)
    await at_even_rate(rise.steps, deliver, per_second)
    received = await asyncio.to_thread(_received, target, [event["id"] for event in rise.steps])
    in_order = [received[event["id"]] for event in rise.steps]
    measured = await _await_comparisons(target, started, in_order, level, patience_s)
    await deliver_quietly(rise.closing, deliver)
    return measured


class Rise:
    """A subscription that grows step by step, and ends.

    The steps lie a second apart in the past, so that each is a state of its own.
    """

    def __init__(self, target: Target, now: datetime, count: int) -> None:
        account = StripeAccount(f"rise-{now.isoformat()}", LEGACY)
        at = now.replace(microsecond=0) - timedelta(seconds=count + 60)
        customer = account.customers.create("Loop probe", at, metadata={"venture_id": target.venture_id})
        price = account.prices.create(int(UNIT * 100), target.currency, at)
        started = account.subscriptions.start(customer.subject, [(price, 1)], at, billed=False)
        self.opening: list[Json] = [*customer, *started]
        self.steps: list[Json] = []
        for step in range(1, count + 1):
            moment = at + timedelta(seconds=step)
            self.steps += account.subscriptions.change(started.subject, moment, quantity=1 + step)
        self.closing = list(account.subscriptions.cancel(started.subject, at + timedelta(seconds=count + 30)))


async def deliver_quietly(events: list[Json], deliver: Deliver) -> None:
    """One after the other."""
    for event in events:
        await deliver(event)


async def at_even_rate(events: list[Json], deliver: Deliver, per_second: float) -> None:
    """Each at its due instant, whether or not the one before was answered."""
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


async def _level(target: Target, started: datetime, patience_s: float) -> Decimal:
    """The MRR from which the steps rise."""
    async with asyncio.timeout(patience_s):
        while True:
            await asyncio.sleep(0.5)  # whatever else is under way comes as well
            if compared := await asyncio.to_thread(_compared, target, started):
                return max(compared, key=lambda row: row[1])[0]


async def _await_comparisons(
    target: Target, started: datetime, received: list[datetime], level: Decimal, patience_s: float
) -> Measured:
    """Look until the highest MRR was compared, then match each webhook with its comparison."""
    deadline = monotonic() + patience_s
    while True:
        compared = await asyncio.to_thread(_compared, target, started)
        measured = match(received, compared, level)
        if not measured.missing or monotonic() > deadline:
            return measured
        await asyncio.sleep(0.2)


def _compared(target: Target, since: datetime) -> list[tuple[Decimal, datetime]]:
    """(actual MRR, computed at) of every comparison of the venture's MRR since then."""
    with psycopg.connect(target.sync_url) as connection:
        rows = connection.execute(COMPARISONS, [since, target.organization_id]).fetchall()
    payloads = [json.loads(payload) if isinstance(payload, str) else payload for (payload,) in rows]
    return [
        (Decimal(body["actual"]), datetime.fromisoformat(body["computed_at"]))
        for body in payloads
        if body["venture_id"] == target.venture_id and body["metric"] == "mrr"
    ]


def match(received: list[datetime], compared: list[tuple[Decimal, datetime]], level: Decimal) -> Measured:
    """Milliseconds from each webhook (in the order of its step) to the first comparison that contains it.

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
