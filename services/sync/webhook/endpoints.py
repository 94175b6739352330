"""Webhook endpoints over HTTP."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Query, Request

from services.sync.delivery.schemas import DeliveryOut
from services.sync.delivery.use_cases import write_test
from services.sync.webhook import store, use_cases
from services.sync.webhook.models import WebhookEndpoint
from services.sync.webhook.schemas import (
    EndpointChange,
    EndpointOut,
    EndpointWithSecretOut,
    NewEndpoint,
    RotateBody,
)
from shared.contracts.identity import Role
from shared.kernel.actor import Actor
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter
from shared.platform.secrets import SecretBox

if TYPE_CHECKING:
    from shared.platform.service import Runtime

router = TenantRouter(tags=["webhooks"])

_ENDPOINTS = "/webhook-endpoints"
_ENDPOINT = "/webhook-endpoints/{endpoint_id}"


def actor_of(call: TenantCall) -> Actor:
    """Who calls. Raises ``OrganizationWide`` for a member who is limited to some ventures."""
    call.demand_every_venture("Webhooks")
    return call.actor


def _box(request: Request) -> SecretBox:
    runtime: Runtime = request.app.state.runtime
    return SecretBox(runtime.settings.secret_key_bytes)


@router.get(_ENDPOINTS, needs=Role.ADMIN, operation_id="listWebhookEndpoints")
async def list_webhook_endpoints(
    call: Call,
    page: PageQuery,
    *,
    archived: Annotated[bool, Query(description="Archived ones too")] = False,
) -> Page[EndpointOut]:
    """The organization's webhook endpoints, oldest first."""
    statement = store.listed(actor_of(call).organization_id, archived=archived)
    by = [WebhookEndpoint.created_at, WebhookEndpoint.id]
    return await paginate(call.session, statement, page, by=by, into=EndpointOut.of)


@router.post(_ENDPOINTS, needs=Role.ADMIN, status_code=201, operation_id="createWebhookEndpoint")
async def create_webhook_endpoint(body: NewEndpoint, call: Call, request: Request) -> EndpointWithSecretOut:
    """Have notifications posted to a URL, signed with the secret in the answer: it is shown this once."""
    made = await use_cases.make_endpoint(call.session, body, _box(request), actor_of(call))
    return EndpointWithSecretOut.with_secret(*made)


@router.get(_ENDPOINT, needs=Role.ADMIN, operation_id="getWebhookEndpoint")
async def get_webhook_endpoint(endpoint_id: UUID, call: Call) -> EndpointOut:
    """One webhook endpoint. Its secrets are never shown again."""
    organization_id = actor_of(call).organization_id
    return EndpointOut.of(await use_cases.found_endpoint(call.session, organization_id, endpoint_id))


@router.patch(_ENDPOINT, needs=Role.ADMIN, operation_id="updateWebhookEndpoint")
async def update_webhook_endpoint(
    endpoint_id: UUID, body: EndpointChange, call: Call, if_match: IfMatch
) -> EndpointOut:
    """Change where messages go or which, or switch the endpoint off and on: what waits is posted then."""
    changed = await use_cases.change_endpoint(call.session, endpoint_id, body, if_match, actor_of(call))
    return EndpointOut.of(changed)


@router.delete(_ENDPOINT, needs=Role.ADMIN, operation_id="archiveWebhookEndpoint")
async def archive_webhook_endpoint(endpoint_id: UUID, call: Call, if_match: IfMatch) -> EndpointOut:
    """Post nothing there any more, and forget its secrets; its log stays."""
    return EndpointOut.of(await use_cases.archive_endpoint(call.session, endpoint_id, if_match, actor_of(call)))


@router.post(f"{_ENDPOINT}/secrets", needs=Role.ADMIN, status_code=201, operation_id="rotateWebhookSecret")
async def rotate_webhook_secret(
    endpoint_id: UUID, call: Call, request: Request, if_match: IfMatch, body: RotateBody | None = None
) -> EndpointWithSecretOut:
    """Make a new signing secret, shown this once; those before it sign beside it for a day, or as long as asked."""
    overlap = timedelta(hours=(body or RotateBody()).overlap_hours)
    made = await use_cases.rotate_secret(
        call.session, endpoint_id, overlap, if_match, box=_box(request), actor=actor_of(call)
    )
    return EndpointWithSecretOut.with_secret(*made)


@router.post(f"{_ENDPOINT}/test", needs=Role.ADMIN, status_code=202, operation_id="testWebhookEndpoint")
async def test_webhook_endpoint(endpoint_id: UUID, call: Call) -> DeliveryOut:
    """Post a test message; how it went is in the endpoint's deliveries."""
    organization_id = actor_of(call).organization_id
    endpoint = await use_cases.found_endpoint(call.session, organization_id, endpoint_id, locked=True)
    return DeliveryOut.of(await write_test(call.session, endpoint, call.now))
