"""SQL of ventures."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.venture.models import VentureView
from shared.contracts.plans import VentureState
from shared.platform.db.bulk import bulk_upsert, in_values

VentureKey = tuple[UUID, UUID]
"""(organization, venture)."""


async def store_ventures(session: AsyncSession, events: Sequence[VentureState]) -> set[VentureKey]:
    """Keep the newest version of each venture; returns those that changed."""
    rows = [
        {
            "organization_id": event.organization_id,
            "id": event.venture_id,
            "version": event.version,
            "name": event.name,
            "archived_at": event.archived_at,
        }
        for event in events
    ]
    changed = await bulk_upsert(session, VentureView, rows, key=("organization_id", "id"))
    return {(row.organization_id, row.id) for row in changed}


async def archived_ventures(session: AsyncSession, ventures: Collection[VentureKey]) -> set[VentureKey]:
    """Those of some ventures that are archived."""
    if not ventures:
        return set()
    statement = select(VentureView.organization_id, VentureView.id).where(
        in_values((VentureView.organization_id, VentureView.id), list(ventures)), VentureView.archived_at.is_not(None)
    )
    return {(row.organization_id, row.id) for row in await session.execute(statement)}


async def known_ventures(session: AsyncSession, organizations: Collection[UUID]) -> set[VentureKey]:
    """Every venture of some organizations."""
    if not organizations:
        return set()
    statement = select(VentureView.organization_id, VentureView.id).where(
        VentureView.organization_id.in_(organizations)
    )
    return {(row.organization_id, row.id) for row in await session.execute(statement)}
