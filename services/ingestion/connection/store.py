"""All SQL of connections."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.models import ConnectionRoute, StripeConnection
from shared.platform.db.bulk import lock_keys

LOCKS = "ingestion.connection"
"""Namespace of the locks by which one transaction at a time derives a connection's ledger."""


async def lock_connections(session: AsyncSession, connections: Collection[UUID]) -> None:
    """Wait until nobody else derives the ledger of some connections."""
    await lock_keys(session, LOCKS, connections)


async def lock_organizations(session: AsyncSession, organizations: Collection[UUID]) -> list[UUID]:
    """The same for every connection of some organizations."""
    statement = select(StripeConnection.id).where(StripeConnection.organization_id.in_(organizations))
    connections = list(await session.scalars(statement))
    await lock_connections(session, connections)
    return connections


async def find(session: AsyncSession, organization_id: UUID, connection_id: UUID) -> StripeConnection | None:
    """A connection by its id."""
    return await session.get(StripeConnection, (organization_id, connection_id))


async def find_locked(session: AsyncSession, organization_id: UUID, connection_id: UUID) -> StripeConnection | None:
    """A connection by its id, locked until the transaction ends."""
    key = (organization_id, connection_id)
    return await session.get(StripeConnection, key, with_for_update=True, populate_existing=True)


async def name_is_taken(session: AsyncSession, organization_id: UUID, name: str, by_other_than: UUID) -> bool:
    """Whether another connection has this name, in any case."""
    statement = select(StripeConnection.id).where(
        StripeConnection.organization_id == organization_id,
        func.lower(StripeConnection.name) == name.lower(),
        StripeConnection.id != by_other_than,
    )
    return (await session.scalars(statement.limit(1))).first() is not None


def listed(organization_id: UUID) -> Select[StripeConnection]:
    """The organization's connections."""
    return select(StripeConnection).where(StripeConnection.organization_id == organization_id)


async def write_route(session: AsyncSession, connection: StripeConnection) -> None:
    """Let webhooks find a connection as it now is."""
    await session.merge(
        ConnectionRoute(
            connection_id=connection.id,
            organization_id=connection.organization_id,
            stripe_account_id=connection.stripe_account_id,
            livemode=connection.livemode,
            active=connection.status == "active",
            sealed_secrets=[secret["sealed"] for secret in connection.secrets if secret["retired_at"] is None],
        )
    )
