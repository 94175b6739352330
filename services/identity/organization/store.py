"""All SQL of organizations."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.organization.models import Organization
from shared.platform.db.platform_tables import OrganizationRow


async def find_locked(session: AsyncSession, organization_id: UUID) -> Organization | None:
    """An organization, locked until the transaction ends."""
    return await session.get(Organization, organization_id, with_for_update=True, populate_existing=True)


async def name_is_taken(session: AsyncSession, name_key: str, slug: str, by_other_than: UUID) -> bool:
    """Whether another organization has this name, or the slug that it becomes."""
    same = (Organization.name_key == name_key) | (Organization.slug == slug)
    taken = select(Organization.id).where(same, Organization.id != by_other_than).limit(1)
    return (await session.scalars(taken)).first() is not None


async def tell_this_service(session: AsyncSession, organization: Organization) -> None:
    """Let the platform's view in this very service follow at once; the others follow by event."""
    values = {
        "version": organization.version,
        "name": organization.name,
        "slug": organization.slug,
        "base_currency": organization.base_currency,
        "time_zone": organization.time_zone,
        "fiscal_year_start": organization.fiscal_year_start,
        "archived": organization.archived_at is not None,
    }
    statement = insert(OrganizationRow).values(id=organization.id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
