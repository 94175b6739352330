"""SQL of ventures."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading
from services.sync.venture.models import VentureView
from shared.contracts.plans import VentureState
from shared.platform.db.bulk import bulk_upsert

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


def venture_columns(ventures: Iterable[VentureKey]) -> tuple[list[UUID], list[UUID]]:
    """Ventures as one array per column, for ``unnest``."""
    ordered = list(ventures)
    return [organization for organization, _venture in ordered], [venture for _organization, venture in ordered]


def archived_ventures(ventures: Collection[VentureKey]) -> Reading[set[VentureKey]]:
    """Those of some ventures that are archived."""
    return Reading(
        """
        SELECT v.organization_id, v.id
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN ventures v ON v.organization_id = asked.organization_id AND v.id = asked.venture_id
        WHERE v.archived_at IS NOT NULL
        """,
        venture_columns(ventures),
        lambda rows: {(organization, venture) for organization, venture in rows},
    )


async def known_ventures(session: AsyncSession, organizations: Collection[UUID]) -> set[VentureKey]:
    """Every venture of some organizations."""
    if not organizations:
        return set()
    statement = select(VentureView.organization_id, VentureView.id).where(
        VentureView.organization_id.in_(organizations)
    )
    return {(row.organization_id, row.id) for row in await session.execute(statement)}
