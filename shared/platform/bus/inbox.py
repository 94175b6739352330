"""Remembering which events were applied, so that a redelivery costs one index look-up."""

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import Event
from shared.platform.db.platform_tables import InboxRow


async def claim(session: AsyncSession, events: list[Event]) -> list[Event]:
    """The events that were not applied before, each id once, in their order; they count as applied now."""
    # Sorted, so that two replicas with the same messages wait for each other instead of deadlocking.
    ids = bindparam("ids", sorted({event.delivery.event_id for event in events}), type_=ARRAY(Uuid))
    statement = (
        insert(InboxRow)
        .from_select(["event_id"], select(func.unnest(ids)))
        .on_conflict_do_nothing()
        .returning(InboxRow.event_id)
    )
    claimed = set((await session.scalars(statement)).all())
    fresh = []
    for event in events:
        if event.delivery.event_id in claimed:
            claimed.remove(event.delivery.event_id)
            fresh.append(event)
    return fresh
