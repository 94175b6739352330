"""SQL of preferences."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.preference.models import NotificationPreferences
from services.sync.preference.rules import Preferences, preferences


async def stored_preferences(
    session: AsyncSession, organization_id: UUID, scope_id: UUID
) -> NotificationPreferences | None:
    """What a scope set, if it did."""
    return await session.get(NotificationPreferences, (organization_id, scope_id), populate_existing=True)


async def preferences_of(
    session: AsyncSession, organizations: Collection[UUID]
) -> dict[tuple[UUID, UUID], Preferences]:
    """Everything that was set in some organizations, by (organization, scope)."""
    rows = await session.scalars(
        select(NotificationPreferences).where(NotificationPreferences.organization_id.in_(organizations))
    )
    return {(row.organization_id, row.scope_id): preferences(row.preferences) for row in rows}
