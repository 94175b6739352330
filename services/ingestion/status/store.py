"""All SQL of the status: set-based over the connections of one organization."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.models import StripeConnection
from services.ingestion.payment.models import Payment

_ACTIVITY = """
SELECT c.id AS connection_id, newest.received_at, newest.type, counted.events,
    coalesce(waiting.pending, 0) AS pending, waiting.oldest, coalesce(aside.parked, 0) AS parked, aside.error
FROM owned.stripe_connections c
LEFT JOIN LATERAL (
    SELECT r.received_at, r.type FROM owned.raw_events r
    WHERE r.organization_id = c.organization_id AND r.connection_id = c.id
    ORDER BY r.received_at DESC LIMIT 1
) newest ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS events FROM owned.raw_events r
    WHERE r.organization_id = c.organization_id AND r.connection_id = c.id
) counted ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS pending, min(r.received_at) AS oldest
    FROM owned.raw_backlog b JOIN owned.raw_events r USING (organization_id, connection_id, event_id)
    WHERE b.connection_id = c.id
) waiting ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS parked, (array_agg(p.error || ': ' || p.message ORDER BY p.last_parked_at DESC))[1] AS error
    FROM owned.parked_events p
    WHERE p.organization_id = c.organization_id AND p.connection_id = c.id AND p.status = 'parked'
) aside ON true
WHERE c.organization_id = :organization
"""


@dataclass(frozen=True, slots=True)
class Activity:
    """What happens on a connection."""

    last_event_at: datetime | None
    last_event_type: str | None
    events: int
    pending: int
    oldest_pending_at: datetime | None
    parked: int
    last_parked_error: str | None


async def connections(session: AsyncSession, organization_id: UUID) -> list[StripeConnection]:
    """The organization's connections, oldest first."""
    statement = select(StripeConnection).where(StripeConnection.organization_id == organization_id)
    return list(await session.scalars(statement.order_by(StripeConnection.created_at, StripeConnection.id)))


async def activity(session: AsyncSession, organization_id: UUID) -> dict[UUID, Activity]:
    """What happens on each connection."""
    found = await session.execute(text(_ACTIVITY), {"organization": organization_id})
    return {row[0]: Activity(*row[1:]) for row in found}


async def linking(session: AsyncSession, organization_id: UUID) -> dict[UUID, list[Any]]:
    """Payments of each connection by currency: count, total, unlinked count, unlinked total (minor units)."""
    unlinked = Payment.account_id.is_(None)
    statement = (
        select(
            Payment.connection_id,
            Payment.currency,
            func.count(),
            func.sum(Payment.amount_minor),
            func.count().filter(unlinked),
            func.coalesce(func.sum(Payment.amount_minor).filter(unlinked), 0),
        )
        .where(Payment.organization_id == organization_id, Payment.amount_minor != 0)
        .group_by(Payment.connection_id, Payment.currency)
        .order_by(Payment.connection_id, Payment.currency)
    )
    found: dict[UUID, list[Any]] = {}
    for row in await session.execute(statement):
        found.setdefault(row[0], []).append(row)
    return found
