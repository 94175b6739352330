"""SQL of projections."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.projection.models import Projection
from services.sync.venture.store import VentureKey
from shared.platform.db.bulk import in_values


async def projections_of(session: AsyncSession, ventures: Collection[VentureKey]) -> dict[VentureKey, list[Projection]]:
    """The projections of each venture, oldest first."""
    found: dict[VentureKey, list[Projection]] = {venture: [] for venture in ventures}
    if not found:
        return found
    statement = (
        select(Projection)
        .where(in_values((Projection.organization_id, Projection.venture_id), list(found)))
        .order_by(Projection.created_at, Projection.id)
        .execution_options(populate_existing=True)
    )
    for row in await session.scalars(statement):
        found[row.organization_id, row.venture_id].append(row)
    return found


async def projection_by_id(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, projection_id: UUID
) -> Projection | None:
    """One projection of a venture."""
    row = await session.get(Projection, (organization_id, projection_id))
    return row if row is not None and row.venture_id == venture_id else None


def listed_projections(organization_id: UUID, venture_id: UUID) -> Select[Projection]:
    """The projections of one venture."""
    return select(Projection).filter_by(organization_id=organization_id, venture_id=venture_id)
