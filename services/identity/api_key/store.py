"""All SQL of API keys."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.api_key.models import ApiKey
from shared.platform.db.platform_tables import ApiKeyRow


def keys_of(organization_id: UUID, *, revoked: bool) -> Select[Any]:
    """The keys of an organization; with ``revoked``, also those that count no more."""
    keys = select(ApiKey).where(ApiKey.organization_id == organization_id)
    return keys if revoked else keys.where(ApiKey.revoked_at.is_(None))


async def find(session: AsyncSession, organization_id: UUID, key_id: UUID, *, lock: bool = False) -> ApiKey | None:
    """One key."""
    return await session.get(ApiKey, (organization_id, key_id), with_for_update=lock, populate_existing=lock)


async def tell_this_service(session: AsyncSession, values: dict[str, Any]) -> None:
    """Let this very service know a key's state at once; the others follow by event."""
    statement = insert(ApiKeyRow).values(values)
    await session.execute(statement.on_conflict_do_update(index_elements=["organization_id", "id"], set_=values))


async def note_uses(session: AsyncSession, key_ids: Collection[UUID], at: datetime) -> None:
    """Keys were used at an instant; an older one changes nothing."""
    newer = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at)
    await session.execute(
        update(ApiKey)
        .where(ApiKey.id.in_(sorted(key_ids)), newer)
        .values(last_used_at=func.greatest(at, ApiKey.created_at))
    )
