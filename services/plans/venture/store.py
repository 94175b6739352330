"""All SQL of ventures."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.venture.models import Venture


async def find(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> Venture | None:
    """A venture by its id."""
    return await session.get(Venture, (organization_id, venture_id))


async def find_locked(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> Venture | None:
    """A venture by its id, locked until the transaction ends: saves of it and of its plan queue here."""
    return await session.get(Venture, (organization_id, venture_id), with_for_update=True, populate_existing=True)


async def name_is_taken(session: AsyncSession, organization_id: UUID, name_key: str, by_other_than: UUID) -> bool:
    """Whether another venture that is not archived has this name."""
    taken = select(Venture.id).where(
        Venture.organization_id == organization_id,
        Venture.name_key == name_key,
        Venture.archived_at.is_(None),
        Venture.id != by_other_than,
    )
    return (await session.scalars(taken.limit(1))).first() is not None


def listed(organization_id: UUID, *, archived: bool) -> Select[Venture]:
    """The organization's ventures; archived ones only when asked for."""
    statement = select(Venture).where(Venture.organization_id == organization_id)
    return statement if archived else statement.where(Venture.archived_at.is_(None))
