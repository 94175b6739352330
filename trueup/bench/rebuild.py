"""How fast reporting's read models come out of the streams."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import islice, product
from time import monotonic
from uuid import UUID

from shared.contracts.finance import MetricCreated, MetricKind, MetricSource
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.publishing import BATCH, publish
from trueup.access import bus
from trueup.bench.company import CURRENCY, VENTURE_COUNT
from trueup.bench.frame import Bench, at_least
from trueup.rebuild.rebuilding import rebuild

EVENTS, DAYS = 200_000, 365
TARGET = 10_000
STREAM = "FINANCE"


async def measure_rebuild(bench: Bench) -> None:
    """From nothing but the streams, with a year of metrics of an organization that is gone afterwards."""
    organization = new_id()
    events = history(organization)
    async with bus() as client:
        try:
            with bench.doing(f"{EVENTS:,} events into the stream"):
                while portion := list(islice(events, BATCH)):
                    await publish(client, [told(event) for event in portion])
            begin = monotonic()
            done = await rebuild(client, "reporting")
            seconds = monotonic() - begin
        finally:
            await client.jetstream().purge_stream(STREAM, subject=f"{MetricCreated.event_type}.{organization}")
        await rebuild(client, "reporting")
    name = f"reporting's portfolio model rebuilt from {done.outcome.applied:,} events"
    bench.add(at_least(name, done.outcome.applied / seconds, "events/s", TARGET))


def history(organization: UUID, count: int = EVENTS) -> Iterator[MetricCreated]:
    """Every kind of every venture, day after day of a year, then all of it with the next revision, and so on."""
    ventures = [new_id() for _ in range(VENTURE_COUNT)]
    recorded_at = clock.now()
    days = [recorded_at.date() - timedelta(days=back) for back in range(DAYS, 0, -1)]
    keys = product(days, ventures, MetricKind)
    every_key = len(days) * len(ventures) * len(MetricKind)
    turns = -(-count // every_key)
    for number, (revision, (day, venture, kind)) in enumerate(product(range(1, turns + 1), keys)):
        if number == count:
            return
        yield MetricCreated(
            organization_id=organization,
            venture_id=venture,
            metric=kind,
            observed_on=day,
            source=MetricSource.CALCULATED,
            revision=revision,
            value=Decimal(number),
            currency=CURRENCY,
            recorded_at=recorded_at,
            evidence=(f"in_{number}",),
        )


def told(event: MetricCreated) -> OutgoingEvent:
    """An event as its service's relay would publish it."""
    payload = event.model_dump_json()
    return OutgoingEvent(
        event_id=new_id(),
        organization_id=event.organization_id,
        event_type=event.event_type,
        sequence=event.sequence,
        payload=payload,
        traceparent=None,
        recorded_at=event.recorded_at,
        source="finance",
    )
