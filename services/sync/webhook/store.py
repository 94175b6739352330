"""SQL of webhook endpoints."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.webhook.models import ACTIVE, WebhookEndpoint


async def endpoints_of(session: AsyncSession, organizations: Collection[UUID]) -> list[WebhookEndpoint]:
    """The endpoints of some organizations that are posted to."""
    statement = select(WebhookEndpoint).where(
        WebhookEndpoint.organization_id.in_(organizations),
        WebhookEndpoint.status == ACTIVE,
        WebhookEndpoint.archived_at.is_(None),
    )
    return list(await session.scalars(statement))


def listed(organization_id: UUID, *, archived: bool) -> Select[WebhookEndpoint]:
    """The organization's endpoints."""
    statement = select(WebhookEndpoint).where(WebhookEndpoint.organization_id == organization_id)
    return statement if archived else statement.where(WebhookEndpoint.archived_at.is_(None))


async def find(
    session: AsyncSession, organization_id: UUID, endpoint_id: UUID, *, locked: bool = False
) -> WebhookEndpoint | None:
    """An endpoint by its id; locked until the transaction ends if asked for."""
    key = (organization_id, endpoint_id)
    return await session.get(WebhookEndpoint, key, with_for_update=locked or None, populate_existing=True)


async def count(session: AsyncSession, organization_id: UUID) -> int:
    """How many endpoints an organization has."""
    statement = select(func.count()).select_from(listed(organization_id, archived=False).subquery())
    return await session.scalar(statement) or 0


async def name_is_taken(session: AsyncSession, organization_id: UUID, name: str, by_other_than: UUID) -> bool:
    """Whether another endpoint has this name, in any case."""
    statement = listed(organization_id, archived=False).where(
        func.lower(WebhookEndpoint.name) == name.lower(), WebhookEndpoint.id != by_other_than
    )
    return (await session.scalars(statement.limit(1))).first() is not None
