"""Whether everything that was set in motion has come to rest."""

import asyncio
import time

from nats.aio.client import Client
from sqlalchemy import func, select

from shared.contracts.topology import CONSUMES
from shared.platform.db.edges import Database
from shared.platform.db.platform_tables import OutboxRow
from trueup.access import declared

PATIENCE_SECONDS = 30.0
_PAUSE_SECONDS = 0.2


async def unsettled(client: Client, databases: dict[str, Database]) -> list[str]:
    """What still moves: outboxes, backlogs inside services, messages on their way to consumers."""
    found = []
    for service, database in databases.items():
        async with database.transaction() as session:
            waiting = await session.scalar(select(func.count()).select_from(OutboxRow))
            if waiting:
                found.append(f"{service}: {waiting} events in the outbox")
            backlog = declared(service).backlog
            if backlog is not None and (work := await backlog(session)):
                found.append(f"{service}: {work} pieces of work in its backlog")
    manager = client.jsm(timeout=10)
    for service in databases:
        for stream in CONSUMES.get(service, ()):
            info = await manager.consumer_info(stream, service)
            behind = (info.num_pending or 0) + (info.num_ack_pending or 0)
            if behind:
                found.append(f"{service}: {behind} messages of {stream} not yet applied")
    return found


async def settle(client: Client, databases: dict[str, Database], patience: float = PATIENCE_SECONDS) -> list[str]:
    """Wait until nothing moves; returns what still does when the patience ends."""
    deadline = time.monotonic() + patience
    quiet = 0
    while True:
        moving = await unsettled(client, databases)
        quiet = 0 if moving else quiet + 1
        # Between two looks an event may be in no queue at all: it takes two quiet ones.
        if quiet > 1:
            return []
        if time.monotonic() > deadline and moving:
            return moving
        await asyncio.sleep(_PAUSE_SECONDS)
