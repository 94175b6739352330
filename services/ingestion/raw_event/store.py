"""All SQL of raw events: claiming what waits, parking what cannot be normalised, and the lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, case, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.store import LOCKS
from services.ingestion.raw_event.models import PARKED, RESOLVED, RETRYING, ParkedEvent, RawBacklog, RawEvent
from services.ingestion.stripe_object.rules.touched import Place
from shared.kernel.ids import new_id
from shared.platform.db.bulk import bulk_insert, lock_number
from shared.platform.db.driver import Rows, Statement, later, nothing, run
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connections that have work: raw events, and rows that a change of settings left."""

    events: list[Place]
    put_off: list[Place]


_WAITING: LiteralString = """
SELECT DISTINCT TRUE, organization_id, connection_id
FROM (SELECT organization_id, connection_id FROM raw_backlog ORDER BY position LIMIT %(window)s) AS oldest
UNION ALL
SELECT DISTINCT FALSE, organization_id, connection_id
FROM (SELECT organization_id, connection_id FROM rederive_backlog ORDER BY position LIMIT %(window)s) AS put_off
"""


async def look(session: AsyncSession) -> Waiting:
    """Which connections have work; the queues are open to every organization."""
    (rows,) = await run(session, Statement(_WAITING.replace("%(window)s", str(_WINDOW)).encode(), (), list))
    return Waiting(
        [(organization, connection) for is_event, organization, connection in rows if is_event],
        [(organization, connection) for is_event, organization, connection in rows if not is_event],
    )


_LOCK_FREE: LiteralString = (
    "SELECT organization_id, connection_id FROM unnest(%s::bigint[], %s::uuid[], %s::uuid[])"
    " AS given (number, organization_id, connection_id) WHERE pg_try_advisory_xact_lock(number)"
)


def _numbered(places: Collection[Place]) -> list[list[Any]]:
    """Each connection with the number of its lock."""
    numbers = sorted((lock_number(LOCKS, connection), organization, connection) for organization, connection in places)
    return [list(column) for column in zip(*numbers, strict=True)]


async def lock_free(session: AsyncSession, places: Collection[Place]) -> list[Place]:
    """Lock those among some connections that nobody else works on; the transaction sees their organizations."""
    await see_organizations(session, {place[0] for place in places})
    (free,) = await run(session, Statement(_LOCK_FREE, _numbered(places), list))
    return [(organization, connection) for organization, connection in free]


async def see_organizations(session: AsyncSession, organizations: Collection[UUID]) -> None:
    """Let the rest of this transaction touch some organizations."""
    await later(session, Statement(_SEE, (tenant_setting(organizations),), nothing))


_SEE: LiteralString = "SELECT set_config('app.organization_ids', %s, true)"
# Row by row through the primary key: as one join, a planner without statistics reads the whole table.
_TAKE: LiteralString = """
taken AS (
    DELETE FROM raw_backlog WHERE position IN (SELECT position FROM wanted)
    RETURNING position, organization_id, connection_id, event_id
)
SELECT t.position, t.organization_id, t.connection_id, t.event_id, r.type, r.payload, r.traceparent
FROM taken AS t, LATERAL (
    SELECT type, payload, traceparent FROM raw_events
    WHERE organization_id = t.organization_id AND connection_id = t.connection_id AND event_id = t.event_id
    LIMIT 1
) AS r
ORDER BY t.position
"""
# The statement's snapshot is older than the locks that it takes. What another worker took from the queue meanwhile is
# left out all the same, since rows that are gone cannot be locked; everything else is read by later statements.
_TAKE_OLDEST: LiteralString = f"""
WITH free AS MATERIALIZED ({_LOCK_FREE}), wanted AS MATERIALIZED (
    SELECT position FROM raw_backlog WHERE connection_id IN (SELECT connection_id FROM free)
    ORDER BY position LIMIT %s FOR UPDATE SKIP LOCKED
), {_TAKE}
"""  # noqa: S608 - constants
_TAKE_AGAIN: LiteralString = "WITH wanted AS (SELECT unnest(%s::bigint[]) AS position), " + _TAKE


async def claim_oldest(session: AsyncSession, places: Collection[Place], limit: int) -> list[Claimed]:
    """Lock those among some connections that nobody else works on, and take their oldest waiting events."""
    await see_organizations(session, {place[0] for place in places})
    return (await run(session, Statement(_TAKE_OLDEST, [*_numbered(places), limit], _claimed)))[0]


async def claim_positions(session: AsyncSession, positions: Collection[int]) -> list[Claimed]:
    """Take some waiting events again, after a failure."""
    return (await run(session, Statement(_TAKE_AGAIN, [list(positions)], _claimed)))[0]


def _claimed(rows: Rows) -> list[Claimed]:
    return [Claimed(*row) for row in rows]


_RESOLVE: LiteralString = (
    "UPDATE parked_events SET status = %s WHERE status = %s AND (organization_id, connection_id, event_id) IN"
    " (SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::text[]))"
)


async def resolve_parked(session: AsyncSession, events: Sequence[Claimed]) -> None:
    """Parked events that were put back and are normalised now."""
    keys = [(event.organization_id, event.connection_id, event.event_id) for event in events]
    if keys:
        columns = [list(column) for column in zip(*keys, strict=True)]
        await later(session, Statement(_RESOLVE, (RESOLVED, RETRYING, *columns), nothing))


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
