"""The hot path's way to PostgreSQL: several reads in one round trip, on the transaction's own connection.

Every event's latency passes through these reads, so they go as prepared statements of psycopg in a
pipeline and not one by one through SQLAlchemy. Names are unqualified: the role's search path finds the
tables, and those that stand in for them during a rebuild.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar, overload

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
W = TypeVar("W")
Rows = Sequence[tuple[Any, ...]]

_DRIVER = "sync.driver_connection"


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """A query with its parameters, and how its rows become what the caller asked for."""

    query: LiteralString
    parameters: Sequence[Any]
    load: Callable[[Rows], T]


async def _driver(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection in which the session's transaction runs, with everything written so far sent to it."""
    if session.new or session.dirty:
        await session.flush()
    transaction = session.sync_session.get_transaction()
    known = session.info.get(_DRIVER)
    if known is None or known[0] is not transaction:
        pooled = await (await session.connection()).get_raw_connection()
        known = session.info[_DRIVER] = (session.sync_session.get_transaction(), pooled.driver_connection)
    connection = known[1]
    assert isinstance(connection, psycopg.AsyncConnection)
    return connection


@overload
async def read(session: AsyncSession, _one: Reading[T], /) -> tuple[T]: ...
@overload
async def read(session: AsyncSession, _one: Reading[T], _two: Reading[U], /) -> tuple[T, U]: ...
@overload
async def read(session: AsyncSession, _one: Reading[T], _two: Reading[U], _three: Reading[V], /) -> tuple[T, U, V]: ...
@overload
async def read(
    session: AsyncSession, _one: Reading[T], _two: Reading[U], _three: Reading[V], _four: Reading[W], /
) -> tuple[T, U, V, W]: ...
async def read(session: AsyncSession, /, *readings: Reading[Any]) -> tuple[Any, ...]:
    """Send the readings together and give each one's result. They run one after the other, in their order."""
    connection = await _driver(session)
    try:
        async with connection.pipeline():
            cursors = [
                await connection.execute(reading.query, reading.parameters, prepare=True) for reading in readings
            ]
        return tuple([reading.load(await cursor.fetchall()) for reading, cursor in zip(readings, cursors, strict=True)])
    except asyncio.CancelledError:
        # Cut off in the middle of an answer, the connection is of no more use; rolling back on it would fail, and
        # the failure would take the place of the cancellation.
        await (await session.connection()).invalidate()
        raise
