"""Waiting for an API key that is so new that identity's event of it may still be on its way.

Only identity can seal a key (``api_keys``), and every genuine one is told by an event. So a genuine key that is young
and unknown here is waited for, and one that was guessed never is. Waiting holds no transaction, and requests with the
same key wait together.
"""

import asyncio
import time
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from shared.kernel.errors import Unavailable
from shared.platform.auth.api_keys import PresentedKey
from shared.platform.db.edges import Database
from shared.platform.db.platform_tables import ApiKeyRow
from shared.platform.db.waiting import eventually

PATIENCE_SECONDS = 5.0
NEW_FOR = timedelta(hours=1)
"""A key that is older and unknown is one of another time: a database that was restored, or lost."""
KEYS_AT_ONCE = 8
"""So many keys are looked for at a time by one process; who shows one more is asked to come again."""
_REMEMBERED = 10_000


class NewKeys:
    """The new keys of which one process knows that they have arrived, and those that it waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrived: set[UUID] = set()
        self._awaited: dict[UUID, asyncio.Task[bool]] = {}

    async def arrival(self, key: PresentedKey) -> None:
        """Return once the service knows a key, whatever it knows of it; at once for a key that is not new.

        Raises:
            Unavailable: It has not arrived in time; the same request works when it has.
        """
        if not _is_new(key.id) or key.id in self._arrived:
            return
        if not await self._is_known(key.id) and not await self._wait_for(key.id):
            raise Unavailable("The API key is new and has not arrived here yet; try again in a moment.")
        if len(self._arrived) > _REMEMBERED:
            self._arrived.clear()
        self._arrived.add(key.id)

    async def _wait_for(self, key_id: UUID) -> bool:
        waiting = self._awaited.get(key_id)
        if waiting is None:
            if len(self._awaited) >= KEYS_AT_ONCE:
                return False
            waiting = self._awaited[key_id] = asyncio.create_task(self._look_for(key_id))
            waiting.add_done_callback(lambda done: self._over(key_id, done))
        return await asyncio.shield(waiting)  # who goes away does not end it for the others

    def _over(self, key_id: UUID, done: asyncio.Task[bool]) -> None:
        del self._awaited[key_id]
        _ = done.cancelled() or done.exception()  # whoever still waits hears of it

    async def _look_for(self, key_id: UUID) -> bool:
        async def find() -> bool | None:
            return await self._is_known(key_id) or None

        return bool(await eventually(find, PATIENCE_SECONDS))

    async def _is_known(self, key_id: UUID) -> bool:
        async with self._database.transaction() as session:
            found = await session.scalars(select(ApiKeyRow.id).where(ApiKeyRow.id == key_id))
            return found.one_or_none() is not None


def _is_new(key_id: UUID) -> bool:
    """By the time that stands in the id (UUIDv7: milliseconds since 1970), which identity's clock wrote."""
    return time.time() - (key_id.int >> 80) / 1000 < NEW_FOR.total_seconds()
