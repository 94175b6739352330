"""The psycopg connection under a session: the hot paths' way to PostgreSQL.

Statements whose text is known beforehand run in the session's own transaction, prepared once a connection,
and several of them in one round trip; building the same statement in SQLAlchemy each time
costs more than running it. What gives no answer can be left for ``later``: it travels with the next statement, of
whichever kind, or with the commit.

Names are best left unqualified: the role's search path finds the tables, and those that stand in for them during a
rebuild.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar, overload

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.db.arrays import array_of
from shared.platform.telemetry.statements import sending

T = TypeVar("T")
U = TypeVar("U")
V = TypeVar("V")
W = TypeVar("W")
X = TypeVar("X")
Rows = Sequence[tuple[Any, ...]]
Driver = psycopg.AsyncConnection[Any]

_DRIVER = "driver.connection"
_WAITING = "driver.waiting"
_COMMIT = b"COMMIT"
DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy leaves it untyped


def nothing(_rows: Rows) -> None:
    """What a statement without an answer gives."""


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """A statement with its parameters, and how its rows become what the caller asked for."""

    query: LiteralString | bytes
    parameters: Sequence[Any]
    load: Callable[[Rows], T]


class LostTransactionError(RuntimeError):
    """A statement had failed and its error was passed over: the server would answer COMMIT with a rollback."""


@overload
async def run(session: AsyncSession, _one: Statement[T], /) -> tuple[T]: ...
@overload
async def run(session: AsyncSession, _one: Statement[T], _two: Statement[U], /) -> tuple[T, U]: ...
@overload
async def run(
    session: AsyncSession, _one: Statement[T], _two: Statement[U], _three: Statement[V], /
) -> tuple[T, U, V]: ...
@overload
async def run(
    session: AsyncSession, _one: Statement[T], _two: Statement[U], _three: Statement[V], _four: Statement[W], /
) -> tuple[T, U, V, W]: ...
@overload
async def run(
    session: AsyncSession,
    _one: Statement[T],
    _two: Statement[U],
    _three: Statement[V],
    _four: Statement[W],
    _five: Statement[X],
    /,
) -> tuple[T, U, V, W, X]: ...
@overload
async def run(session: AsyncSession, /, *statements: Statement[T]) -> tuple[T, ...]: ...
async def run(session: AsyncSession, /, *statements: Statement[Any]) -> tuple[Any, ...]:
    """Send statements together and give each one's result. They run one after the other, in their order.

    Errors are those that SQLAlchemy would raise.
    """
    driver, waiting = await _reach(session)
    before = waiting.copy()
    waiting.clear()
    try:
        answers = await _send(driver, [*before, *statements])
    except asyncio.CancelledError:
        # Cut off in the middle of an answer, the connection is of no more use; rolling back on it would fail, and
        # the failure would take the place of the cancellation.
        await (await session.connection()).invalidate()
        raise
    return tuple([one.load(rows) for one, rows in zip(statements, answers[len(before) :], strict=True)])


async def run_alone(driver: Driver, _one: Statement[T], _two: Statement[U], _three: Statement[V], /) -> tuple[T, U, V]:
    """Send statements together on a connection that is in no transaction: they are one, which ends with the last.

    Errors are those that SQLAlchemy would raise.
    """
    one, two, three = await _send(driver, [_one, _two, _three])
    return _one.load(one), _two.load(two), _three.load(three)


async def later(session: AsyncSession, *statements: Statement[None]) -> None:
    """Send statements before anything else that this transaction still does: with its next statement, or its commit."""
    _driver, waiting = await _reach(session)
    waiting += statements


async def _reach(session: AsyncSession) -> tuple[Driver, list[Statement[Any]]]:
    """The connection in which the session's transaction runs, and what waits to be sent on it.

    Everything that the session has changed so far is sent first.
    """
    if session.new or session.dirty or session.deleted:
        await session.flush()
    known = session.info.get(_DRIVER)
    if known is None or known[0] is not session.sync_session.get_transaction():
        connection = await session.connection()
        pooled = await connection.get_raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)
        waiting = pooled.info.setdefault(_WAITING, [])
        known = session.info[_DRIVER] = (session.sync_session.get_transaction(), driver, waiting)
    return known[1], known[2]


async def _send(driver: Driver, statements: Sequence[Statement[Any]]) -> list[Rows]:
    try:
        with sending(statements):
            if len(statements) == 1:
                cursors = [await _execute(driver, statements[0])]
            else:
                async with driver.pipeline():
                    cursors = [await _execute(driver, one) for one in statements]
            return [await cursor.fetchall() if _answers(cursor) else () for cursor in cursors]
    except psycopg.Error as error:
        raise DBAPIError.instance(_text(statements), None, error, psycopg.Error, dialect=DIALECT) from error


async def _execute(driver: Driver, statement: Statement[Any]) -> psycopg.AsyncCursor[Any]:
    parameters = [array_of(value) if isinstance(value, list) else value for value in statement.parameters]
    return await driver.execute(statement.query, parameters, prepare=True)


def _answers(cursor: psycopg.AsyncCursor[Any]) -> bool:
    """Whether a statement returns rows (its columns are not described for that)."""
    return cursor.pgresult is not None and cursor.pgresult.nfields > 0


async def _send_and_commit(driver: Driver, statements: Sequence[Statement[Any]]) -> None:
    try:
        with sending(statements):
            async with driver.pipeline():
                for one in statements:
                    await _execute(driver, one)
                await driver.execute(_COMMIT)
    except psycopg.Error as error:
        raise DBAPIError.instance(_text(statements), None, error, psycopg.Error, dialect=DIALECT) from error


def _text(statements: Sequence[Statement[Any]]) -> str:
    queries = (one.query.decode() if isinstance(one.query, bytes) else one.query for one in statements)
    return "; ".join(queries)


def send_in_order(engine: Engine) -> None:
    """Let everything that an engine's connections do come after what was left for later."""

    def before_statement(connection: Connection, *_statement: Any) -> None:
        if waiting := _taken(connection):
            _do(connection, lambda driver: _send(driver, waiting))

    def before_commit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if driver.info.transaction_status is TransactionStatus.INERROR:
            raise LostTransactionError("a statement of this transaction has failed")
        if waiting := _taken(connection):
            _do(connection, lambda driver: _send_and_commit(driver, waiting))

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    event.listen(engine, "rollback", _taken)


def _taken(connection: Connection) -> list[Statement[Any]]:
    """What waits on a connection; nothing does any more."""
    waiting = None if connection.invalidated else connection.info.get(_WAITING)
    if not waiting:
        return []
    taken = list(waiting)
    waiting.clear()
    return taken


def _do(connection: Connection, work: Callable[[Driver], Any]) -> None:
    adapted: Any = connection.connection.dbapi_connection
    try:
        adapted.run_async(work)
    except asyncio.CancelledError:
        connection.invalidate()
        raise
