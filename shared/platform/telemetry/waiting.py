"""What waits in a service, looked up when somebody asks for its metrics: nothing is polled for nobody."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Gauge
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from shared.kernel.clock import now

if TYPE_CHECKING:
    from shared.platform.service import Runtime

log = structlog.get_logger()

OUTBOX = Gauge("trueup_outbox_events", "Events that wait for the relay (at most 100 000 are counted)")
OUTBOX_AGE = Gauge("trueup_outbox_age_seconds", "Age of the oldest event that waits for the relay; 0 if none does")
UNPUBLISHED = Gauge("trueup_outbox_dead_events", "Events that the bus refused for good")
DEAD_LETTERS = Gauge("trueup_dead_letters_open", "Messages given up that an operator has not settled")
BACKLOG = Gauge("trueup_backlog_items", "Work inside the service that is neither in its outbox nor in a stream")
CONNECTIONS = Gauge("trueup_database_connections", "Connections of this process", ["pool", "state"])
DATABASE_UP = Gauge("trueup_database_up", "Whether the database answered when these figures were asked for")
BUS_UP = Gauge("trueup_bus_up", "Whether this process is connected to the bus")

_PATIENCE_SECONDS = 2.0
_WAITING = text(
    """
    SELECT (SELECT count(*) FROM (SELECT FROM platform.outbox LIMIT 100000) AS waiting),
           (SELECT recorded_at FROM platform.outbox ORDER BY position LIMIT 1),
           (SELECT count(*) FROM platform.outbox_dead),
           (SELECT count(*) FROM platform.dead_letters WHERE state = 'open')
    """
)


async def look(runtime: "Runtime") -> None:
    """Bring the gauges up to date. Without a database the last figures stay, and ``trueup_database_up`` is 0."""
    BUS_UP.set(runtime.client.is_connected)
    _connections(runtime)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), runtime.database.transaction() as session:
            events, oldest, unpublished, dead = (await session.execute(_WAITING)).one()
            backlog = await runtime.service.backlog(session) if runtime.service.backlog else 0
    except Exception as error:  # noqa: BLE001 - whatever it is, the other metrics are answered
        log.warning("metrics.database", reason=repr(error))
        DATABASE_UP.set(0)
        return
    DATABASE_UP.set(1)
    OUTBOX.set(events)
    OUTBOX_AGE.set(max(0.0, (now() - oldest).total_seconds()) if oldest else 0.0)
    UNPUBLISHED.set(unpublished)
    DEAD_LETTERS.set(dead)
    BACKLOG.set(backlog)


def _connections(runtime: "Runtime") -> None:
    pool = runtime.database.engine.sync_engine.pool
    assert isinstance(pool, QueuePool), "what an engine of a server has"
    used = pool.checkedout()
    CONNECTIONS.labels("main", "used").set(used)
    CONNECTIONS.labels("main", "idle").set(pool.checkedin())
    hot = runtime.database.pool.get_stats()
    idle = hot.get("pool_available", 0)
    CONNECTIONS.labels("hot", "used").set(hot.get("pool_size", 0) - idle)
    CONNECTIONS.labels("hot", "idle").set(idle)
