"""Where transactions open: HTTP, batches, jobs, relays, the operator's command. Nowhere else.

Every transaction first says which organizations it may touch; row-level security shows it nothing
else. After its commit it wakes the relay, so that an event leaves within a millisecond.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import orjson
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

_SET_ORGANIZATIONS = text("SELECT set_config('app.organization_ids', :ids, true)")


def tenant_setting(organizations: Iterable[UUID]) -> str:
    """The value of ``app.organization_ids``: the ids, joined by commas."""
    return ",".join(sorted({str(organization) for organization in organizations}))


class Database:
    """One service's database: a SQLAlchemy engine, and a psycopg pool for hot paths."""

    def __init__(self, url: str, *, pool_size: int = 8, application: str = "trueup") -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            pool_size=pool_size,
            max_overflow=3,
            pool_pre_ping=False,
            connect_args={"application_name": application, "options": "-c timezone=UTC", "connect_timeout": 5},
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            json_deserializer=orjson.loads,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self.pool: AsyncConnectionPool = AsyncConnectionPool(
            url,
            min_size=0,
            max_size=4,
            open=False,
            timeout=5,
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
    async def transaction(self, organizations: Iterable[UUID] = ()) -> AsyncIterator[AsyncSession]:
        """One transaction that sees the given organizations; commits at the end, or rolls back."""
        async with self._sessions() as session:
            async with session.begin():
                ids = tenant_setting(organizations)
                if ids:
                    await session.execute(_SET_ORGANIZATIONS, {"ids": ids})
                yield session
            for callback in self.after_commit:
                callback(session)
