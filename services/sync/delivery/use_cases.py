"""Writing deliveries, and asking for them again by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.delivery.models import WAITING, WebhookDelivery
from services.sync.errand.models import WEBHOOK
from services.sync.errand.store import add_errands
from services.sync.webhook.models import DISABLED, WebhookEndpoint
from services.sync.webhook.rules import wants
from shared.contracts.sync import NotificationCreated, NotificationType, Severity
from shared.kernel.errors import Conflict
from shared.kernel.ids import new_id
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.db.bulk import bulk_insert

WEBHOOKS = "webhooks"
"""The role that posts."""


class EndpointDisabled(Conflict):
    """Nothing is posted to an endpoint that is switched off."""

    code = "endpoint_disabled"


async def write_deliveries(
    session: AsyncSession, events: Sequence[NotificationCreated], endpoints: Iterable[WebhookEndpoint], at: datetime
) -> None:
    """Write what endpoints want of some notices; the worker posts it after the commit."""
    rows = [
        _row(endpoint.organization_id, endpoint.id, event, at)
        for endpoint in endpoints
        for event in events
        if event.organization_id == endpoint.organization_id
        and wants(
            event.type,
            event.severity,
            event.venture_id,
            types=endpoint.types,
            minimum=Severity(endpoint.minimum_severity),
            ventures=endpoint.venture_ids,
        )
    ]
    if rows:
        await bulk_insert(session, WebhookDelivery, rows, on_conflict="ignore")
        await post_soon(session, {(row["organization_id"], row["endpoint_id"]) for row in rows}, at)


async def post_soon(session: AsyncSession, endpoints: Iterable[tuple[UUID, UUID]], at: datetime) -> None:
    """Let the worker look what endpoints are to be told."""
    await add_errands(session, WEBHOOK, endpoints, at)
    wake_after_commit(session, WEBHOOKS)


async def write_test(session: AsyncSession, endpoint: WebhookEndpoint, at: datetime) -> WebhookDelivery:
    """Write a message that only tries out an endpoint. Raises ``EndpointDisabled``."""
    _refuse_disabled(endpoint)
    event = NotificationCreated(
        organization_id=endpoint.organization_id,
        notification_id=new_id(),
        type=NotificationType.WEBHOOK_TEST,
        severity=Severity.INFO,
        title="A test",
        message="This endpoint receives messages from Trueup.",
        created_at=at,
    )
    delivery = WebhookDelivery(**_row(endpoint.organization_id, endpoint.id, event, at) | {"notice_id": None})
    session.add(delivery)
    endpoint.rests_until = None
    await session.flush()
    await post_soon(session, [(endpoint.organization_id, endpoint.id)], at)
    return delivery


async def deliver_again(
    session: AsyncSession, endpoint: WebhookEndpoint, delivery: WebhookDelivery, at: datetime
) -> None:
    """Post a message once more, under the id that it has. Raises ``EndpointDisabled``."""
    _refuse_disabled(endpoint)
    delivery.state, delivery.tries, delivery.next_attempt_at, delivery.settled_at = WAITING, 0, at, None
    endpoint.rests_until = None
    await session.flush()
    await post_soon(session, [(endpoint.organization_id, endpoint.id)], at)


def _refuse_disabled(endpoint: WebhookEndpoint) -> None:
    if endpoint.status == DISABLED:
        raise EndpointDisabled("The endpoint is switched off; switch it on first.", allowed_actions=["enable"])


def _row(organization_id: UUID, endpoint_id: UUID, event: NotificationCreated, at: datetime) -> dict[str, Any]:
    said = {"type": event.type.value, "timestamp": event.created_at.isoformat(), "data": event.model_dump(mode="json")}
    return {
        "organization_id": organization_id,
        "id": new_id(),
        "endpoint_id": endpoint_id,
        "notice_id": event.notification_id,
        "type": event.type.value,
        "body": orjson.dumps(said).decode(),
        "state": WAITING,
        "tries": 0,
        "attempts": 0,
        "next_attempt_at": at,
        "created_at": at,
        "settled_at": None,
    }
