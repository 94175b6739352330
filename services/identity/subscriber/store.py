"""All SQL of event subscribers: they are API keys, read from the read model that every service has."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.subscriber.rules import SubscriberKey
from shared.platform.db.platform_tables import ApiKeyRow


async def keys(session: AsyncSession, key_ids: Collection[UUID]) -> dict[UUID, SubscriberKey]:
    """The keys with these ids, whatever their state."""
    rows = await session.scalars(select(ApiKeyRow).where(ApiKeyRow.id.in_(sorted(key_ids))))
    return {
        row.id: SubscriberKey(
            id=row.id,
            organization_id=row.organization_id,
            digest=row.digest,
            scopes=None if row.scopes is None else frozenset(row.scopes),
            expires_at=row.expires_at,
            revoked=row.revoked,
        )
        for row in rows
    }
