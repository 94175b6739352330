"""The relay: moves outbox rows to the event log and publishes them, in order, in atomic batches.

One relay per outbox is active (a session lock); other replicas stand by. A crash after the publish and
before the commit publishes again: the stream drops it by message id, and consumers by version.
"""

import asyncio
import time
from typing import Any
from uuid import uuid4

import nats.errors
import orjson
import psycopg
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from prometheus_client import Counter, Histogram
from psycopg.rows import class_row

from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.wakeups import Wakeups
from shared.platform.cancelling import end_if_cancelled
from shared.platform.db.bulk import lock_number
from shared.platform.failpoints import failpoint
from shared.platform.telemetry.messages import publishing

log = structlog.get_logger()

BATCH = 1000
MAX_BATCH_BYTES = 8 * 1024 * 1024
ATOMIC_FROM = 10
PUBLISH_TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 0.25  # only for a wake-up that was lost
STANDBY_SECONDS = 0.5

PUBLISHED = Counter("trueup_events_published_total", "Events handed to the stream", ["type"])
FLUSHES = Counter("trueup_publish_flushes_total", "Publishes to JetStream (an atomic batch counts once)")
RELAY_SECONDS = Histogram("trueup_relay_seconds", "Claim, publish and commit of one batch")

_MOVE = """
WITH claimed AS (
  DELETE FROM platform.outbox WHERE position IN (
    SELECT position FROM platform.outbox ORDER BY position LIMIT %(limit)s
  ) RETURNING *
), moved AS (
  INSERT INTO platform.event_log
    (event_id, position, organization_id, event_type, sequence, payload, traceparent, recorded_at)
  SELECT event_id, position, organization_id, event_type, sequence, payload, traceparent, recorded_at FROM claimed
)
SELECT event_id, organization_id, event_type, sequence, payload, traceparent, recorded_at
FROM claimed ORDER BY position
"""


class RefusedError(RuntimeError):
    """The stream refuses one event for good (for instance: too large)."""

    def __init__(self, event: OutgoingEvent, reason: str) -> None:
        super().__init__(reason)
        self.event = event


async def publish(client: Client, events: list[OutgoingEvent]) -> None:
    """Publish events in order and wait until the stream has them all.

    Many of them become one atomic batch; if a part of it is known already (a relay died after its
    publish), each is published singly under its own message id, and the stream drops the repeats.
    """
    for start, end in _slices(events):
        part = events[start:end]
        if len(part) >= ATOMIC_FROM and await _publish_atomically(client, part):
            continue
        await _publish_singly(client, part)


def _slices(events: list[OutgoingEvent]) -> list[tuple[int, int]]:
    """Runs of events of at most ``MAX_BATCH_BYTES`` and ``BATCH`` events."""
    slices, start, size = [], 0, 0
    for index, event in enumerate(events):
        if index > start and (size + len(event.payload) > MAX_BATCH_BYTES or index - start >= BATCH):
            slices.append((start, index))
            start, size = index, 0
        size += len(event.payload)
    slices.append((start, len(events)))
    return slices


async def _publish_atomically(client: Client, events: list[OutgoingEvent]) -> bool:
    """One atomic batch (ADR-50). False when the stream refuses it as a whole."""
    batch = uuid4().hex
    last = len(events)
    for number, event in enumerate(events[:-1], start=1):
        headers = event.headers() | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        await client.publish(event.subject, event.payload.encode(), headers=headers)
    headers = events[-1].headers() | {
        "Nats-Batch-Id": batch,
        "Nats-Batch-Sequence": str(last),
        "Nats-Batch-Commit": "1",
    }
    answer = await client.request(
        events[-1].subject, events[-1].payload.encode(), timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers
    )
    FLUSHES.inc()
    acknowledged = orjson.loads(answer.data)
    if "error" in acknowledged:
        log.info("relay.batch_refused", reason=acknowledged["error"].get("description"), events=last)
        return False
    return bool(acknowledged.get("count") == last)


async def _publish_singly(client: Client, events: list[OutgoingEvent]) -> None:
    """Each event by itself, still in order: sent in one go, then all acknowledgements awaited."""
    answers = await asyncio.wait_for(_sent(client, events), PUBLISH_TIMEOUT_SECONDS)
    for event, answer in zip(events, answers, strict=True):
        if (answer.headers or {}).get("Status") == "503":
            raise nats.errors.NoRespondersError
        error = orjson.loads(answer.data).get("error")
        if error:
            raise RefusedError(event, f"{error.get('err_code')}: {error.get('description')}")


async def _sent(client: Client, events: list[OutgoingEvent]) -> list[Msg]:
    """The stream's answers, in the order of the events.

    Not by nats-py's ``publish_async``: its future never resolves when the stream refuses a message, and each
    context that uses it keeps a subscription for ever.
    """
    inbox = client.new_inbox()
    subscription = await client.subscribe(f"{inbox}.*")
    try:
        for number, event in enumerate(events):
            await client.publish(
                event.subject, event.payload.encode(), reply=f"{inbox}.{number}", headers=event.headers()
            )
            FLUSHES.inc()
        answers: dict[int, Msg] = {}
        while len(answers) < len(events):
            answer = await subscription.next_msg(timeout=PUBLISH_TIMEOUT_SECONDS)
            answers[int(answer.subject.rpartition(".")[2])] = answer
    finally:
        await subscription.unsubscribe()
    return [answers[number] for number in range(len(events))]


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
            except (psycopg.OperationalError, TimeoutError, nats.errors.Error) as error:
                end_if_cancelled()
                log.warning("relay.waiting", reason=repr(error))
                await asyncio.sleep(STANDBY_SECONDS)

    async def _relay_while_connected(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url,
            autocommit=True,
            row_factory=class_row(OutgoingEvent),
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
            async with connection.transaction():
                cursor = await connection.execute(_MOVE, {"limit": BATCH})
                events = await cursor.fetchall()
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
