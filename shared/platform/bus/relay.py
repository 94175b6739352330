"""The relay: moves outbox rows to the event log and publishes them, in order, in atomic batches.

One relay per outbox is active (a session lock); other replicas stand by. A crash after the publish and
before the commit publishes again: the stream drops it by message id, and consumers by version.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import nats.errors
import psycopg
import structlog
from nats.aio.client import Client
from prometheus_client import Counter, Histogram
from psycopg.rows import args_row

from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.publishing import BATCH, RefusedError, publish
from shared.platform.bus.wakeups import Wakeups
from shared.platform.cancelling import end_if_cancelled
from shared.platform.db.bulk import lock_number
from shared.platform.db.outage import OUTAGES
from shared.platform.failpoints import failpoint
from shared.platform.telemetry.messages import publishing

log = structlog.get_logger()

POLL_SECONDS = 0.25  # only for a wake-up that was lost
STANDBY_SECONDS = 0.5

PUBLISHED = Counter("trueup_events_published_total", "Events handed to the stream", ["type"])
RELAY_SECONDS = Histogram("trueup_relay_seconds", "Claim, publish and commit of one batch")

_MOVE = """
WITH claimed AS (
  DELETE FROM platform.outbox WHERE position IN (
    SELECT position FROM platform.outbox ORDER BY position LIMIT %s
  ) RETURNING *
), moved AS (
  INSERT INTO platform.event_log
    (event_id, position, organization_id, event_type, sequence, payload, traceparent, recorded_at)
  SELECT event_id, position, organization_id, event_type, sequence, payload, traceparent, recorded_at FROM claimed
)
SELECT event_id, organization_id, event_type, sequence, payload, traceparent, recorded_at, %s::text AS source
FROM claimed ORDER BY position
"""


@asynccontextmanager
async def _moved(
    connection: psycopg.AsyncConnection[OutgoingEvent], service: str
) -> AsyncIterator[list[OutgoingEvent]]:
    """The next events, moved in a transaction that ends with the block: for good, or not at all after an error."""
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            cursor = await connection.execute(_MOVE, [BATCH, service], prepare=True)
        yield await cursor.fetchall()
        await connection.commit()
    except BaseException:
        with suppress(psycopg.Error):
            await connection.rollback()
        raise


class Relay:
    """Moves one service's outbox to its stream."""

    def __init__(self, service: str, database_url: str, client: Client, wakeups: Wakeups) -> None:
        self._service = service
        self._url = database_url
        self._client = client
        self._wakeups = wakeups
        self._refusals: dict[Any, int] = {}

    async def run(self) -> None:
        """Relay for ever; an outage of the database or the bus is waited for."""
        while True:
            try:
                await self._relay_while_connected()
            except (*OUTAGES, nats.errors.Error) as error:
                end_if_cancelled()
                log.warning("relay.waiting", reason=repr(error))
                await asyncio.sleep(STANDBY_SECONDS)

    async def _relay_while_connected(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            row_factory=args_row(OutgoingEvent),
            application_name=f"{self._service}-relay",
            connect_timeout=5,
        )
        async with connection:
            lock = lock_number("relay", self._service)
            await self._stand_by(connection, lock)
            log.info("relay.active")
            maintained = 0.0
            while True:
                end_if_cancelled()
                if time.monotonic() - maintained > 3600:  # noqa: PLR2004 - an hour
                    await connection.execute("SELECT platform.maintain_partitions()")
                    maintained = time.monotonic()
                if await self.relay_once(connection) < BATCH:
                    await self._wakeups.wait("relay", POLL_SECONDS)

    async def _stand_by(self, connection: psycopg.AsyncConnection[Any], lock: int) -> None:
        """Wait until no other replica relays this outbox."""
        async with connection.cursor(row_factory=psycopg.rows.scalar_row) as cursor:
            while True:
                await cursor.execute("SELECT pg_try_advisory_lock(%s)", [lock])
                if await cursor.fetchone():
                    return
                await asyncio.sleep(STANDBY_SECONDS)

    async def relay_once(self, connection: psycopg.AsyncConnection[OutgoingEvent]) -> int:
        """Move and publish up to ``BATCH`` events; returns how many there were."""
        started = time.monotonic()
        try:
            async with _moved(connection, self._service) as events:
                if not events:
                    return 0
                await failpoint("relay.after_claim")
                with publishing(events) as traced:
                    await publish(self._client, traced)
                await failpoint("relay.after_publish")
        except RefusedError as refusal:
            await self._count_refusal(connection, refusal)
            return BATCH
        await failpoint("relay.after_commit")
        for event in events:
            PUBLISHED.labels(event.event_type).inc()
        RELAY_SECONDS.observe(time.monotonic() - started)
        return len(events)

    async def _count_refusal(self, connection: psycopg.AsyncConnection[Any], refusal: RefusedError) -> None:
        """After three refusals an event moves to ``outbox_dead``, so that the others flow on."""
        event = refusal.event
        self._refusals[event.event_id] = self._refusals.get(event.event_id, 0) + 1
        log.error("relay.refused", event_id=str(event.event_id), type=event.event_type, reason=str(refusal))
        if self._refusals[event.event_id] < 3:  # noqa: PLR2004 - the tries named above
            await asyncio.sleep(STANDBY_SECONDS)
            return
        async with connection.transaction():
            await connection.execute(
                """
                WITH dead AS (DELETE FROM platform.outbox WHERE event_id = %s RETURNING *)
                INSERT INTO platform.outbox_dead (event_id, organization_id, event_type, payload, error, died_at)
                SELECT event_id, organization_id, event_type, payload, %s, now() FROM dead
                """,
                [event.event_id, str(refusal)],
            )
