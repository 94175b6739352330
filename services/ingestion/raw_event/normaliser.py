"""The worker that turns raw events into ledger rows, a batch in one transaction.

Connections are worked on by one transaction at a time (a lock each): customers, discounts and charges lead
from one row to the next, so that what a batch touches is known only while it is read. Replicas take
different connections; none waits for another. What fails is tried in halves, then alone, then parked: it
blocks nobody. A database that is away is waited for.
"""

import time
from collections.abc import Sequence

import structlog
from prometheus_client import Histogram
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.store import lock_connections
from services.ingestion.ledger.store import take_put_off
from services.ingestion.ledger.use_cases import derive
from services.ingestion.raw_event import store
from services.ingestion.raw_event.rush import rush_of
from services.ingestion.raw_event.store import Claimed
from services.ingestion.raw_event.use_cases import normalise, set_aside
from services.ingestion.stripe_object.rules.touched import Place
from shared.kernel.clock import now
from shared.platform.db.edges import Database
from shared.platform.db.outage import is_outage
from shared.platform.failpoints import failpoint
from shared.platform.service import Runtime
from shared.platform.telemetry.messages import normalising
from shared.platform.worker import work_off

log = structlog.get_logger()

ROLE = "normaliser"
BATCH_EVENTS = 500
POLL_SECONDS = 0.5  # only for what no wake-up told of: a replica that died after its commit

BATCH_SECONDS = Histogram("trueup_normaliser_batch_seconds", "Normalising one batch of raw events")


class BatchFailed(Exception):
    """A batch was rolled back; what it held is tried again in parts."""

    def __init__(self, events: Sequence[Claimed], cause: Exception) -> None:
        super().__init__(repr(cause))
        self.events = events
        self.cause = cause


async def run_normaliser(runtime: Runtime) -> None:
    """Normalise for ever; while more webhooks come in than can be answered at once, they come first."""
    rush = rush_of(runtime)

    async def look() -> int:
        started = time.monotonic()
        found = await turn(runtime.database)
        await rush.give_way(time.monotonic() - started)
        return found

    await work_off(runtime.wakeups, ROLE, look, poll_seconds=POLL_SECONDS)


async def turn(database: Database) -> int:
    """One batch of raw events and one portion of what was put off; how many there were."""
    try:
        done, put_off = await _oldest(database)
    except BatchFailed as failed:
        log.warning("normaliser.split", events=len(failed.events), reason=repr(failed.cause))
        await _in_parts(database, failed)
        return len(failed.events)
    return done + (await _put_off(database, put_off) if put_off else 0)


async def _oldest(database: Database) -> tuple[int, list[Place]]:
    """Normalise a batch; how many events there were, and whose put-off rows wait."""
    claimed: list[Claimed] = []
    try:
        async with database.transaction() as session:
            waiting = await store.look(session)
            if waiting.events:
                events = await store.claim_oldest(session, waiting.events, BATCH_EVENTS)
                await failpoint("normaliser.after_claim")
                claimed = events
                await _normalise(session, events)
    except Exception as error:  # the commit's as well: rows are sent with it
        if is_outage(error) or not claimed:
            raise
        raise BatchFailed(claimed, error) from error
    if claimed:
        await failpoint("normaliser.after_commit")
    return len(claimed), waiting.put_off


async def _normalise(session: AsyncSession, events: Sequence[Claimed]) -> None:
    with BATCH_SECONDS.time(), normalising(events) as traced:
        await normalise(session, traced, now())


async def _in_parts(database: Database, failed: BatchFailed) -> None:
    """Try the halves of a failed batch, down to the single events that fail alone: those are parked."""
    events = failed.events
    if len(events) == 1:
        async with database.transaction({events[0].organization_id}) as session:
            for event in await store.claim_positions(session, [events[0].position]):
                await set_aside(session, event, failed.cause, now())
        return
    middle = len(events) // 2
    for half in (events[:middle], events[middle:]):
        try:
            await _again(database, half)
        except BatchFailed as still:
            await _in_parts(database, still)


async def _again(database: Database, events: Sequence[Claimed]) -> None:
    try:
        async with database.transaction({event.organization_id for event in events}) as session:
            await lock_connections(session, {event.connection_id for event in events})
            await _normalise(session, await store.claim_positions(session, [event.position for event in events]))
    except Exception as error:
        if is_outage(error):
            raise
        raise BatchFailed(events, error) from error


async def _put_off(database: Database, places: Sequence[Place]) -> int:
    """Derive a portion of the rows that a changed link or setting left to this worker."""
    async with database.transaction() as session:
        free = await store.lock_free(session, places)
        if not free:
            return 0
        touched = await take_put_off(session, [connection for _, connection in free], BATCH_EVENTS)
        size = touched.size
        await derive(session, touched, now())
    return size
