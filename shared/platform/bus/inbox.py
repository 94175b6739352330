"""Remembering which events were applied, so that a redelivery costs one index look-up."""

from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import Event
from shared.platform.db.driver import Statement, run

_CLAIM: LiteralString = (
    "INSERT INTO platform.inbox (event_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING RETURNING event_id"
)


async def claim(session: AsyncSession, events: list[Event]) -> list[Event]:
    """The events that were not applied before, each id once, in their order; they count as applied now."""
    # Sorted, so that two replicas with the same messages wait for each other instead of deadlocking.
    ids = sorted({event.delivery.event_id for event in events})
    (claimed,) = await run(session, Statement(_CLAIM, (ids,), lambda rows: {row[0] for row in rows}))
    fresh = []
    for event in events:
        if event.delivery.event_id in claimed:
            claimed.remove(event.delivery.event_id)
            fresh.append(event)
    return fresh
