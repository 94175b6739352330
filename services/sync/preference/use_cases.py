"""Reading and setting preferences."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.preference.models import NotificationPreferences
from services.sync.preference.rules import Preferences, preferences
from services.sync.preference.store import stored_preferences
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import check_version

Read = tuple[int, tuple[Preferences, ...]]


async def read_preferences(session: AsyncSession, organization_id: UUID, scope_id: UUID) -> Read:
    """A scope's version, and its preferences before the organization's."""
    scopes = [scope_id] if scope_id == organization_id else [scope_id, organization_id]
    rows = [await stored_preferences(session, organization_id, scope) for scope in scopes]
    version = rows[0].version if rows[0] else 0
    return version, tuple(preferences(row.preferences if row else {}) for row in rows)


async def set_preferences(
    session: AsyncSession,
    organization_id: UUID,
    scope_id: UUID,
    wanted: dict[str, Any],
    seen: int | None,
    *,
    actor: UUID,
    at: datetime,
) -> Read:
    """Set what a scope prefers from now on. Raises ``StaleVersion`` if ``seen`` is not the current version."""
    await lock_keys(session, "sync.notification_preferences", [(organization_id, scope_id)])
    row = await stored_preferences(session, organization_id, scope_id)
    check_version(row.version if row else 0, seen)
    if row is None:
        row = NotificationPreferences(organization_id=organization_id, scope_id=scope_id, version=0, preferences={})
        session.add(row)
    if row.version == 0 or row.preferences != wanted:
        row.preferences, row.version, row.changed_at, row.changed_by = wanted, row.version + 1, at, actor
        await session.flush()
    return await read_preferences(session, organization_id, scope_id)
