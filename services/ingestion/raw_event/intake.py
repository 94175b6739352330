"""Storing webhooks: requests that wait at the same time share one commit."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, islice
from uuid import UUID

import structlog
from psycopg_pool import AsyncConnectionPool

from services.ingestion.raw_event.rush import Rush
from shared.platform.db.arrays import array_of
from shared.platform.db.edges import tenant_setting
from shared.platform.db.outage import is_outage
from shared.platform.failpoints import failpoint

log = structlog.get_logger()

COMMIT_EVENTS = 200
COMMITS_AT_ONCE = 2
"""While the database writes one portion the next one is gathered and sent."""
WORTH_A_COMMIT = 16
"""So many must wait before a portion is sent beside another: fewer share the next commit."""
MOST_WAITING = 2000
PATIENCE_SECONDS = 2.0

# Rows go in in key order, so that two replicas that store the same events wait for each other in one order. The bodies
# come as one: an array of bytes would be put together element by element.
_STORE = """
WITH given AS (
    SELECT organization_id, connection_id, event_id, type, api_version, created, received_at,
        substring(%(payloads)b::bytea FROM start FOR size) AS payload, traceparent
    FROM unnest(%(organizations)s::uuid[], %(connections)s::uuid[], %(events)s::text[], %(types)s::text[],
        %(versions)s::text[], %(created)s::timestamptz[], %(received)s::timestamptz[], %(starts)s::int[],
        %(sizes)s::int[], %(traces)s::text[])
    AS g (organization_id, connection_id, event_id, type, api_version, created, received_at, start, size, traceparent)
), stored AS (
    INSERT INTO owned.raw_events
        (organization_id, connection_id, event_id, type, api_version, created, received_at, payload, traceparent)
    SELECT * FROM given ORDER BY organization_id, connection_id, event_id
    ON CONFLICT DO NOTHING
    RETURNING organization_id, connection_id, event_id, created
)
INSERT INTO owned.raw_backlog (organization_id, connection_id, event_id)
SELECT organization_id, connection_id, event_id FROM stored ORDER BY created, event_id
"""


class Stalled(Exception):
    """The database does not commit in time; the sender shall try again."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A checked webhook."""

    organization_id: UUID
    connection_id: UUID
    event_id: str
    type: str
    api_version: str | None
    created: datetime
    received_at: datetime
    payload: bytes
    traceparent: str | None


class Intake:
    """A queue before the database; whoever finds it idle sets it to work."""

    def __init__(self, pool: AsyncConnectionPool, rush: Rush) -> None:
        self._pool = pool
        self._rush = rush
        self._waiting: deque[tuple[Incoming, asyncio.Future[None]]] = deque()
        self._at_work: set[asyncio.Task[None]] = set()
        self._commits = 0

    async def store(self, incoming: Incoming) -> None:
        """Return when the event is committed (or was already known); ``Stalled`` if that takes too long."""
        if len(self._waiting) >= MOST_WAITING:
            raise Stalled("too many webhooks wait")
        loop = asyncio.get_running_loop()
        committed: asyncio.Future[None] = loop.create_future()
        self._waiting.append((incoming, committed))
        if len(self._waiting) >= WORTH_A_COMMIT:
            self._rush.note()
        if not self._commits or (len(self._waiting) >= WORTH_A_COMMIT and self._commits < COMMITS_AT_ONCE):
            self._commits += 1
            task = asyncio.create_task(self._drain(), name="webhook intake")
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        patience = loop.call_later(PATIENCE_SECONDS, _give_up, committed)
        try:
            await committed
        finally:
            patience.cancel()

    async def _drain(self) -> None:
        """Commit what waits, a portion at a time, until nothing does."""
        try:
            await asyncio.sleep(0)  # requests that arrived together are stored together
            while self._waiting:
                portion = [self._waiting.popleft() for _ in range(min(COMMIT_EVENTS, len(self._waiting)))]
                await self._store_portion([entry for entry in portion if not entry[1].done()])
        finally:
            self._commits -= 1

    async def _store_portion(self, portion: list[tuple[Incoming, asyncio.Future[None]]]) -> None:
        if not portion:
            return
        try:
            await self._commit([incoming for incoming, _ in portion])
        except Exception as error:  # noqa: BLE001 - whoever waits is told, whatever it is
            if len(portion) > 1 and not is_outage(error):
                for entry in portion:
                    await self._store_portion([entry])
                return
            log.warning("webhook.not_stored", events=len(portion), reason=repr(error))
            for _, committed in portion:
                if not committed.done():
                    committed.set_exception(Stalled("the database is away"))
            return
        for _, committed in portion:
            if not committed.done():
                committed.set_result(None)

    async def _commit(self, events: list[Incoming]) -> None:
        """One transaction, sent in one round trip."""
        sizes = [len(event.payload) for event in events]
        arrays = {
            "organizations": array_of(event.organization_id for event in events),
            "connections": array_of(event.connection_id for event in events),
            "events": array_of(event.event_id for event in events),
            "types": array_of(event.type for event in events),
            "versions": array_of(event.api_version for event in events),
            "created": array_of(event.created for event in events),
            "received": array_of(event.received_at for event in events),
            "starts": array_of(islice(accumulate(sizes, initial=1), len(sizes))),
            "sizes": array_of(sizes),
            "payloads": b"".join([event.payload for event in events]),
            "traces": array_of(event.traceparent for event in events),
        }
        tenants = tenant_setting({event.organization_id for event in events})
        async with self._pool.connection() as connection, connection.pipeline(), connection.transaction():
            await connection.execute("SELECT set_config('app.organization_ids', %s, true)", [tenants], prepare=True)
            await connection.execute(_STORE, arrays, binary=True, prepare=True)
            await failpoint("webhook.before_commit")
        await failpoint("webhook.after_commit")


def _give_up(committed: "asyncio.Future[None]") -> None:
    if not committed.done():
        committed.set_exception(Stalled("the database does not commit in time"))
