"""All SQL of raw events: claiming what waits, parking what cannot be normalised, and the lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    Uuid,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.store import LOCKS
from services.ingestion.raw_event.models import PARKED, RESOLVED, RETRYING, ParkedEvent, RawBacklog, RawEvent
from services.ingestion.stripe_object.rules.touched import Place
from shared.kernel.ids import new_id
from shared.platform.db.bulk import bulk_insert, in_values, lock_number
from shared.platform.db.edges import tenant_setting

_WINDOW = 2000


@dataclass(frozen=True, slots=True)
class Claimed:
    """A raw event that this transaction has taken from the backlog."""

    position: int
    organization_id: UUID
    connection_id: UUID
    event_id: str
    type: str
    payload: bytes
    traceparent: str | None


_WAITING = """
SELECT DISTINCT organization_id, connection_id
FROM (SELECT organization_id, connection_id FROM owned.{queue} ORDER BY position LIMIT :window) AS oldest
"""


async def lock_waiting(session: AsyncSession, queue: str) -> list[Place]:
    """Lock the connections that wait in a queue and that nobody else works on; sees their organizations."""
    waiting = await session.execute(text(_WAITING.format(queue=queue)), {"window": _WINDOW})
    numbers = {lock_number(LOCKS, row[1]): (row[0], row[1]) for row in waiting}
    if not numbers:
        return []
    free = text("SELECT n FROM unnest(:numbers) AS n WHERE pg_try_advisory_xact_lock(n)").bindparams(
        bindparam("numbers", sorted(numbers), ARRAY(BigInteger))
    )
    places = [numbers[row[0]] for row in await session.execute(free)]
    if places:
        await see_organizations(session, {place[0] for place in places})
    return places


async def see_organizations(session: AsyncSession, organizations: Collection[UUID]) -> None:
    """Let the rest of this transaction touch some organizations."""
    await session.execute(
        text("SELECT set_config('app.organization_ids', :ids, true)"), {"ids": tenant_setting(organizations)}
    )


_OLDEST = """
SELECT position FROM owned.raw_backlog WHERE connection_id = ANY (:connections)
ORDER BY position LIMIT :limit FOR UPDATE SKIP LOCKED
"""
_TAKE = """
DELETE FROM owned.raw_backlog WHERE position IN ({positions})
RETURNING position, organization_id, connection_id, event_id
"""
# Row by row through the primary key: as one join, a planner without statistics reads the whole table.
_READ = """
SELECT t.position, t.organization_id, t.connection_id, t.event_id, r.type, r.payload, r.traceparent
FROM unnest(:positions, :organizations, :connections, :events)
    AS t (position, organization_id, connection_id, event_id),
LATERAL (
    SELECT type, payload, traceparent FROM owned.raw_events
    WHERE organization_id = t.organization_id AND connection_id = t.connection_id AND event_id = t.event_id
    LIMIT 1
) AS r
ORDER BY t.position
"""


async def claim_oldest(session: AsyncSession, connections: Collection[UUID], limit: int) -> list[Claimed]:
    """Take the oldest waiting events of some (locked) connections."""
    statement = text(_TAKE.format(positions=_OLDEST)).bindparams(
        bindparam("connections", list(connections), ARRAY(Uuid)), bindparam("limit", limit)
    )
    return await _read(session, (await session.execute(statement)).all())


async def claim_positions(session: AsyncSession, positions: Collection[int]) -> list[Claimed]:
    """Take some waiting events again, after a failure."""
    statement = text(_TAKE.format(positions="SELECT unnest(:positions)")).bindparams(
        bindparam("positions", list(positions), ARRAY(BigInteger))
    )
    return await _read(session, (await session.execute(statement)).all())


async def _read(session: AsyncSession, taken: Sequence[Any]) -> list[Claimed]:
    """Taken events with their bodies, in the order in which they came."""
    if not taken:
        return []
    names = ("positions", "organizations", "connections", "events")
    kinds: tuple[Any, ...] = (BigInteger(), Uuid(), Uuid(), Text())
    columns = zip(names, zip(*taken, strict=True), kinds, strict=True)
    statement = text(_READ).bindparams(*[bindparam(name, list(values), ARRAY(kind)) for name, values, kind in columns])
    return [Claimed(*row) for row in await session.execute(statement)]


async def resolve_parked(session: AsyncSession, events: Sequence[Claimed]) -> None:
    """Parked events that were put back and are normalised now."""
    keys = [(event.organization_id, event.connection_id, event.event_id) for event in events]
    if keys:
        await session.execute(
            update(ParkedEvent)
            .where(
                in_values((ParkedEvent.organization_id, ParkedEvent.connection_id, ParkedEvent.event_id), keys),
                ParkedEvent.status == RETRYING,
            )
            .values(status=RESOLVED)
        )


async def park(session: AsyncSession, event: Claimed, error: str, message: str, now: datetime) -> None:
    """Set an event aside with its error; once more counts as another attempt."""
    statement = insert(ParkedEvent).values(
        organization_id=event.organization_id,
        id=new_id(),
        connection_id=event.connection_id,
        event_id=event.event_id,
        type=event.type,
        error=error,
        message=message,
        attempts=1,
        status=PARKED,
        first_parked_at=now,
        last_parked_at=now,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "connection_id", "event_id"],
            set_={
                "error": error,
                "message": message,
                "attempts": ParkedEvent.attempts + 1,
                "status": PARKED,
                "last_parked_at": now,
            },
        )
    )


async def queue_again(session: AsyncSession, organization_id: UUID, keys: Sequence[tuple[UUID, str]]) -> None:
    """Put events (connection, event id) on the backlog again."""
    rows = [
        {"organization_id": organization_id, "connection_id": connection, "event_id": event}
        for connection, event in keys
    ]
    await bulk_insert(session, RawBacklog, rows)


async def waiting(session: AsyncSession) -> int:
    """How many raw events wait, over all organizations."""
    return await session.scalar(select(func.count()).select_from(RawBacklog)) or 0


# --- lists ----------------------------------------------------------------------------------------


def _same_event(model: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = (
        (model.organization_id == RawEvent.organization_id)
        & (model.connection_id == RawEvent.connection_id)
        & (model.event_id == RawEvent.event_id)
    )
    return condition


def _is_parked() -> ColumnElement[bool]:
    return exists().where(_same_event(ParkedEvent), ParkedEvent.status == PARKED)


def _is_pending() -> ColumnElement[bool]:
    return exists().where(_same_event(RawBacklog))


STATE = case((_is_pending(), literal("pending", Text)), (_is_parked(), literal("parked", Text)), else_="processed")
"""Where a raw event stands."""


def listed(
    organization_id: UUID, *, connection_id: UUID | None, event_type: str | None, state: str | None
) -> Select[Any]:
    """Raw events with their state, without their bodies."""
    statement = select(RawEvent, STATE.label("state")).where(RawEvent.organization_id == organization_id)
    if connection_id is not None:
        statement = statement.where(RawEvent.connection_id == connection_id)
    if event_type is not None:
        statement = statement.where(RawEvent.type == event_type)
    if state is not None:
        statement = statement.where(STATE.in_([state]))
    return statement


async def event_by_id(
    session: AsyncSession, organization_id: UUID, event_id: str, connection_id: UUID | None
) -> tuple[RawEvent, str] | None:
    """One raw event and its state; of the oldest connection that has it, unless one is named."""
    statement = listed(organization_id, connection_id=connection_id, event_type=None, state=None)
    statement = statement.where(RawEvent.event_id == event_id).order_by(RawEvent.connection_id).limit(1)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


def parked(organization_id: UUID, status: str) -> Select[ParkedEvent]:
    """Parked events of a status."""
    return select(ParkedEvent).where(ParkedEvent.organization_id == organization_id, ParkedEvent.status == status)


async def parked_by_id(session: AsyncSession, organization_id: UUID, parked_id: UUID) -> ParkedEvent | None:
    """One parked event, locked until the transaction ends."""
    return await session.get(ParkedEvent, (organization_id, parked_id), with_for_update=True)


async def settled_chunk(
    session: AsyncSession, organization_id: UUID, after: tuple[UUID, str] | None, limit: int
) -> list[Claimed]:
    """An organization's processed raw events by key, for deriving everything again."""
    statement = select(RawEvent).where(RawEvent.organization_id == organization_id, ~_is_pending(), ~_is_parked())
    if after is not None:
        connection, event = after
        statement = statement.where(
            (RawEvent.connection_id > connection)
            | ((RawEvent.connection_id == connection) & (RawEvent.event_id > event))
        )
    statement = statement.order_by(RawEvent.connection_id, RawEvent.event_id).limit(limit)
    return [
        Claimed(0, row.organization_id, row.connection_id, row.event_id, row.type, row.payload, row.traceparent)
        for row in await session.scalars(statement)
    ]
