"""Keeping ventures as plans publishes them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.venture.models import VentureView
from shared.contracts.plans import VentureState
from shared.platform.db.bulk import bulk_put


async def record_ventures(session: AsyncSession, events: Sequence[VentureState]) -> None:
    """Keep the newest version of each venture."""
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
    await bulk_put(session, VentureView, rows, key=("organization_id", "id"))
