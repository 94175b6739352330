"""Choosing how an organization wants its projections handled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.organization.models import OrganizationSettings
from services.sync.organization.store import settings_of
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import check_version


async def choose_projection_mode(
    session: AsyncSession, organization_id: UUID, mode: str, seen: int | None, *, actor: UUID, at: datetime
) -> OrganizationSettings:
    """Set the projection mode; raises ``StaleVersion`` if ``seen`` is not the current version."""
    await lock_keys(session, "sync.settings", [organization_id])
    settings = await settings_of(session, organization_id)
    check_version(settings.version if settings else 0, seen)
    if settings is None:
        settings = OrganizationSettings(
            organization_id=organization_id, version=1, projection_mode=mode, changed_at=at, changed_by=actor
        )
        session.add(settings)
    elif settings.projection_mode != mode:
        settings.projection_mode, settings.version = mode, settings.version + 1
        settings.changed_at, settings.changed_by = at, actor
    await session.flush()
    return settings
