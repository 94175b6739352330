"""Finding a webhook's connection: read from the database, kept for at most two seconds."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from services.ingestion.connection.models import ConnectionRoute
from services.ingestion.connection.rules import secret_context
from shared.platform.db.edges import Database
from shared.platform.secrets import SecretBox

KEPT_SECONDS = 2.0
_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True, repr=False)
class Route:
    """Whose a connection is, and the secrets that sign its webhooks."""

    connection_id: UUID
    organization_id: UUID
    stripe_account_id: str | None
    livemode: bool
    secrets: tuple[str, ...]


class Routes:
    """The active connections, as one process knows them."""

    def __init__(self, database: Database, secret_key: bytes) -> None:
        self._database = database
        self._box = SecretBox(secret_key)
        self._kept: dict[UUID, tuple[float, Route]] = {}
        self._reading: dict[UUID, asyncio.Task[Route | None]] = {}

    async def find(self, connection_id: UUID) -> Route | None:
        """The route of an active connection. A change is seen within two seconds, a new connection at once."""
        known = self._kept.get(connection_id)
        if known is not None and time.monotonic() - known[0] < KEPT_SECONDS:
            return known[1]
        if connection_id in self._reading:
            # A read that began before the connection was made does not count as an answer.
            return await asyncio.shield(self._reading[connection_id]) or await self._refresh(connection_id)
        reading = self._reading[connection_id] = asyncio.create_task(self._refresh(connection_id))
        reading.add_done_callback(lambda _done: self._reading.pop(connection_id, None))
        return await asyncio.shield(reading)

    async def _refresh(self, connection_id: UUID) -> Route | None:
        began = time.monotonic()
        route = await self._read(connection_id)
        if route is None:
            self._kept.pop(connection_id, None)
            return None
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[connection_id] = (began, route)
        return route

    async def _read(self, connection_id: UUID) -> Route | None:
        async with self._database.transaction() as session:
            row = (
                await session.scalars(select(ConnectionRoute).where(ConnectionRoute.connection_id == connection_id))
            ).one_or_none()
        if row is None or not row.active:
            return None
        context = secret_context(connection_id)
        return Route(
            connection_id=row.connection_id,
            organization_id=row.organization_id,
            stripe_account_id=row.stripe_account_id,
            livemode=row.livemode,
            secrets=tuple(self._box.open(sealed, context) for sealed in row.sealed_secrets),
        )
