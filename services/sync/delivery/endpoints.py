"""Deliveries over HTTP: the log of an endpoint, and once more by hand."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.delivery import store
from services.sync.delivery.models import WebhookDelivery
from services.sync.delivery.schemas import DeliveryOut, DeliveryState, DeliveryWithAttemptsOut
from services.sync.delivery.use_cases import deliver_again
from services.sync.webhook.endpoints import actor_of
from services.sync.webhook.models import WebhookEndpoint
from services.sync.webhook.store import find as find_endpoint
from services.sync.webhook.use_cases import found_endpoint
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["webhooks"])

_DELIVERIES = "/webhook-endpoints/{endpoint_id}/deliveries"


@router.get(_DELIVERIES, needs=Role.ADMIN, operation_id="listWebhookDeliveries")
async def list_webhook_deliveries(
    endpoint_id: UUID,
    call: Call,
    page: PageQuery,
    *,
    state: Annotated[DeliveryState | None, Query(description="Only deliveries in this state")] = None,
) -> Page[DeliveryOut]:
    """What an endpoint was, or is to be, told, newest first."""
    await _endpoint(call, endpoint_id)
    statement = store.listed(call.organization_id, endpoint_id, state)
    by = [WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc()]
    return await paginate(call.session, statement, page, by=by, into=DeliveryOut.of)


@router.get(f"{_DELIVERIES}/{{delivery_id}}", needs=Role.ADMIN, operation_id="getWebhookDelivery")
async def get_webhook_delivery(endpoint_id: UUID, delivery_id: UUID, call: Call) -> DeliveryWithAttemptsOut:
    """One message: what is posted, and each attempt with its answer."""
    await _endpoint(call, endpoint_id)
    return await _shown(call, await _delivery(call, endpoint_id, delivery_id))


@router.post(
    f"{_DELIVERIES}/{{delivery_id}}/redeliver",
    needs=Role.ADMIN,
    status_code=202,
    operation_id="redeliverWebhook",
)
async def redeliver_webhook(endpoint_id: UUID, delivery_id: UUID, call: Call) -> DeliveryWithAttemptsOut:
    """Post a message once more, under the same id, whether it had arrived or was given up."""
    organization_id = actor_of(call).organization_id
    endpoint = await found_endpoint(call.session, organization_id, endpoint_id, locked=True)
    delivery = await _delivery(call, endpoint_id, delivery_id, locked=True)
    await deliver_again(call.session, endpoint, delivery, call.now)
    return await _shown(call, delivery)


async def _endpoint(call: TenantCall, endpoint_id: UUID) -> WebhookEndpoint:
    """An endpoint, also an archived one: its log stays."""
    endpoint = await find_endpoint(call.session, actor_of(call).organization_id, endpoint_id)
    if endpoint is None:
        raise NotFound("There is no webhook endpoint with this id in this organization.")
    return endpoint


async def _delivery(call: TenantCall, endpoint_id: UUID, delivery_id: UUID, *, locked: bool = False) -> WebhookDelivery:
    delivery = await store.find(call.session, call.organization_id, delivery_id, locked=locked)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise NotFound("This endpoint has no delivery with this id.")
    return delivery


async def _shown(call: TenantCall, delivery: WebhookDelivery) -> DeliveryWithAttemptsOut:
    attempts = await store.attempts_of(call.session, call.organization_id, delivery.id)
    return DeliveryWithAttemptsOut.with_log(delivery, attempts)
