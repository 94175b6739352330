"""Where transactions open: HTTP, batches, jobs, relays, the operator's command. Nowhere else.

Every transaction first says which organizations it may touch; row-level security shows it nothing
else. After its commit it wakes the relay, so that an event leaves within a millisecond.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import orjson
from psycopg.types.array import ListBinaryDumper
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.platform.db.driver import Statement, later, nothing, run_alone, send_in_order

T = TypeVar("T")
U = TypeVar("U")

_SET_ORGANIZATIONS: LiteralString = "SELECT set_config('app.organization_ids', %s, true)"
_SET_ACTOR: LiteralString = "SELECT set_config('app.organization_ids', %s, true), set_config('app.actor', %s, true)"
_SET_AND_SHARE: LiteralString = (
    "SELECT set_config('app.organization_ids', %s, true), pg_advisory_xact_lock_shared(%s::bigint)"
)

TAKEOVER_LOCK = 0x7275655570
"""Batches of events hold it together; a rebuild takes it alone while it puts new tables in the place of the old."""


def tenant_setting(organizations: Iterable[UUID]) -> str:
    """The value of ``app.organization_ids``: the ids, joined by commas."""
    return ",".join(sorted({str(organization) for organization in organizations}))


def _send_arrays_in_binary(connection: Any, _record: Any) -> None:
    """Bulk statements send whole columns: as text psycopg escapes every quote of every JSON value in Python."""
    connection.driver_connection.adapters.register_dumper(list, ListBinaryDumper)


_OPTIONS = "-c timezone=UTC -c plan_cache_mode=force_generic_plan"
"""A prepared statement keeps its plan. Left to itself PostgreSQL plans many of ours anew at each use, since it sees how
long their arrays are: that took up to ten times as long as running them, a fifth of the way from webhook to alert."""


def _standing_in(schemas: Mapping[str, str]) -> str:
    """The options of a connection on which unqualified names mean the tables of other schemas."""
    return f" -c search_path={','.join([*schemas.values(), 'platform'])} -c synchronous_commit=off"


def _refuse_live_tables(engine: AsyncEngine, schemas: Mapping[str, str]) -> None:
    names_a_live_schema = re.compile(rf"(FROM|INTO|UPDATE|JOIN)\s+({'|'.join(schemas)})\.", re.IGNORECASE)

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def refuse(_connection: Connection, _cursor: Any, statement: str, *_more: Any) -> None:
        if names_a_live_schema.search(statement):
            raise RuntimeError("a statement of an event's handler names its schema: leave it to the search path")


class Database:
    """One service's database: a SQLAlchemy engine, and a psycopg pool for hot paths."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        application: str = "trueup",
        schemas: Mapping[str, str] | None = None,
    ) -> None:
        """``schemas`` puts other schemas in the place of the declared ones (a rebuild's shadow tables).

        Commits in them wait for no disk: they count once the operator's commit has put them in their place, which does.
        """
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=3,
            pool_pre_ping=False,
            connect_args={
                "application_name": application,
                "options": _OPTIONS + (_standing_in(schemas) if schemas else ""),
                "connect_timeout": 5,
            },
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            json_deserializer=orjson.loads,
            # An error's text reaches logs and runs of jobs: it says the statement, not what people gave it.
            hide_parameters=True,
        )
        event.listen(self.engine.sync_engine, "connect", _send_arrays_in_binary)
        send_in_order(self.engine.sync_engine)
        if schemas:
            self.engine = self.engine.execution_options(schema_translate_map=dict(schemas))
            _refuse_live_tables(self.engine, schemas)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.pool: AsyncConnectionPool = AsyncConnectionPool(
            url,
            min_size=0,
            max_size=4,
            open=False,
            timeout=5,
            # After so long a new request tries at once; until then the pauses between tries grow.
            reconnect_timeout=5,
            kwargs={"autocommit": True, "application_name": f"{application}-hot", "connect_timeout": 5},
        )
        self.after_commit: list[Callable[[AsyncSession], None]] = []

    async def open(self) -> None:
        """Open the psycopg pool (SQLAlchemy connects when first used)."""
        await self.pool.open()

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(
        self, organizations: Iterable[UUID] = (), *, shared_lock: int | None = None, actor: str = ""
    ) -> AsyncIterator[AsyncSession]:
        """One transaction that sees the given organizations; commits at the end, or rolls back.

        ``shared_lock`` is an advisory lock to hold together with others until the end. ``actor`` says who changes
        something: it is noted what, for the audit log (``shared.platform.audit``).
        """
        async with self._sessions() as session:
            async with session.begin():
                ids = tenant_setting(organizations)
                if shared_lock is not None:
                    await later(session, Statement(_SET_AND_SHARE, (ids, shared_lock), nothing))
                elif actor:
                    await later(session, Statement(_SET_ACTOR, (ids, actor), nothing))
                elif ids:
                    await later(session, Statement(_SET_ORGANIZATIONS, (ids,), nothing))
                yield session
            for callback in self.after_commit:
                callback(session)

    async def look(self, organization_id: UUID, first: Statement[T], second: Statement[U]) -> tuple[T, U]:
        """Two reads that see the given organization, in one round trip: their transaction begins and ends with them."""
        seeing = Statement(_SET_ORGANIZATIONS, (tenant_setting([organization_id]),), nothing)
        async with self.pool.connection() as driver:
            _, one, other = await run_alone(driver, seeing, first, second)
        return one, other
