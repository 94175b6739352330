"""Projections that have become old."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.store import Ground
from services.sync.organization.store import with_auto_projections
from services.sync.projection.models import Projection
from services.sync.projection.store import projections_of
from services.sync.projection.use_cases import changes_of, renew
from services.sync.venture.store import VentureKey
from shared.contracts.sync import ProjectionStatus
from shared.platform.bus.outbox import emit_all
from shared.platform.db.bulk import in_values


async def age_projections(
    session: AsyncSession, ground: Ground, ventures: Collection[VentureKey], before: datetime
) -> int:
    """Outdate the active projections of locked ventures that were made before an instant; gives how many.

    In projection mode auto a venture that is left without an active one gets a new one.
    """
    statement = select(Projection.organization_id, Projection.venture_id).where(
        in_values((Projection.organization_id, Projection.venture_id), list(ventures)),
        Projection.status == ProjectionStatus.ACTIVE.value,
        Projection.created_at < before,
    )
    aging = {(row.organization_id, row.venture_id) for row in await session.execute(statement)} & ground.ventures
    if not aging:
        return 0
    stored = await projections_of(session, aging)
    auto = await with_auto_projections(session, {organization for organization, _venture in aging})
    aged = 0
    for venture in sorted(aging, key=str):
        changes = changes_of(session, ground, venture, stored[venture])
        changes.age(before)
        aged += len(changes.changed)
        if venture[0] in auto and changes.plain and not changes.any_active:
            await renew(session, ground, changes)
        await session.flush()
        await emit_all(session, changes.events())
    return aged
