"""Reading organizations: their time zone, base currency and fiscal year decide most figures."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.errors import NotFound
from shared.platform.db.bulk import in_values
from shared.platform.db.platform_tables import OrganizationRow
from shared.platform.db.waiting import eventually


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """What a service needs to know of an organization."""

    id: UUID
    name: str
    slug: str
    base_currency: str
    time_zone: str
    fiscal_year_start: int


def _view(row: OrganizationRow) -> OrganizationView:
    return OrganizationView(row.id, row.name, row.slug, row.base_currency, row.time_zone, row.fiscal_year_start)


async def organizations_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, OrganizationView]:
    """The known ones among some organizations; an event may come before its organization."""
    if not ids:
        return {}
    rows = await session.scalars(
        select(OrganizationRow).where(in_values([OrganizationRow.id], [(identity,) for identity in ids]))
    )
    return {row.id: _view(row) for row in rows}


async def organization_of(session: AsyncSession, organization_id: UUID) -> OrganizationView:
    """One organization, waiting up to a second for a new one; else ``NotFound``."""

    async def find() -> OrganizationView | None:
        return (await organizations_by_id(session, [organization_id])).get(organization_id)

    found = await eventually(find)
    if found is None:
        raise NotFound("There is no organization with this id.")
    return found
