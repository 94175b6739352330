"""SQL of deliveries."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.delivery.models import WAITING, WebhookAttempt, WebhookDelivery


def _waiting(organization_id: UUID, endpoint_id: UUID) -> Select[WebhookDelivery]:
    return select(WebhookDelivery).where(
        WebhookDelivery.organization_id == organization_id,
        WebhookDelivery.endpoint_id == endpoint_id,
        WebhookDelivery.state == WAITING,
    )


async def next_due(
    session: AsyncSession, organization_id: UUID, endpoint_id: UUID, at: datetime
) -> WebhookDelivery | None:
    """What an endpoint is to be told next, if it is time."""
    due = _waiting(organization_id, endpoint_id).where(WebhookDelivery.next_attempt_at <= at)
    by = (WebhookDelivery.next_attempt_at, WebhookDelivery.created_at, WebhookDelivery.id)
    return (await session.scalars(due.order_by(*by).limit(1))).one_or_none()


async def when_next(session: AsyncSession, organization_id: UUID, endpoint_id: UUID) -> datetime | None:
    """When an endpoint is to be told something; None when nothing waits."""
    waiting = _waiting(organization_id, endpoint_id).subquery()
    found: datetime | None = await session.scalar(select(func.min(waiting.c.next_attempt_at)))
    return found


async def make_waiting_due(session: AsyncSession, organization_id: UUID, endpoint_id: UUID, at: datetime) -> bool:
    """Let what waits for an endpoint be posted now; gives whether anything does."""
    done = await session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.organization_id == organization_id,
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state == WAITING,
        )
        .values(next_attempt_at=at)
        .returning(WebhookDelivery.id)
    )
    return done.first() is not None


async def find(
    session: AsyncSession, organization_id: UUID, delivery_id: UUID, *, locked: bool = False
) -> WebhookDelivery | None:
    """A delivery by its id."""
    key = (organization_id, delivery_id)
    return await session.get(WebhookDelivery, key, with_for_update=locked or None, populate_existing=True)


def listed(organization_id: UUID, endpoint_id: UUID, state: str | None) -> Select[WebhookDelivery]:
    """The deliveries of an endpoint."""
    statement = select(WebhookDelivery).filter_by(organization_id=organization_id, endpoint_id=endpoint_id)
    return statement.filter_by(state=state) if state else statement


async def attempts_of(session: AsyncSession, organization_id: UUID, delivery_id: UUID) -> list[WebhookAttempt]:
    """Every attempt of a delivery, oldest first."""
    statement = select(WebhookAttempt).filter_by(organization_id=organization_id, delivery_id=delivery_id)
    return list(await session.scalars(statement.order_by(WebhookAttempt.number)))
