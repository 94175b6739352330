"""SQL of payouts beyond what all ledger tables share."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.payout.models import Payout
from services.ingestion.stripe_object.rules.touched import Touched


async def add_returned(session: AsyncSession, touched: Touched, organization_ids: Collection[UUID]) -> None:
    """Payouts that came back after they were paid: their day depends on the organization's time zone."""
    statement = select(Payout.organization_id, Payout.connection_id, Payout.payout_id).where(
        Payout.organization_id.in_(organization_ids), Payout.reversed_on.is_not(None)
    )
    touched.payouts |= {(row[0], row[1], row[2]) for row in await session.execute(statement)}
