"""Stripe connections over HTTP."""

from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Request

from services.ingestion.connection import store, use_cases
from services.ingestion.connection.models import StripeConnection
from services.ingestion.connection.schemas import (
    ConnectionChange,
    ConnectionOut,
    CreatedConnectionOut,
    NewConnection,
)
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter
from shared.platform.secrets import SecretBox

if TYPE_CHECKING:
    from shared.platform.service import Runtime

router = TenantRouter(tags=["stripe connections"])


@router.get("/ingestion/stripe-connections", needs=Role.ADMIN, operation_id="listStripeConnections")
async def list_stripe_connections(call: Call, page: PageQuery) -> Page[ConnectionOut]:
    """The organization's Stripe connections, oldest first."""
    by = [StripeConnection.created_at, StripeConnection.id]
    return await paginate(call.session, store.listed(call.organization_id), page, by=by, into=ConnectionOut.of)


@router.post("/ingestion/stripe-connections", needs=Role.ADMIN, status_code=201, operation_id="createStripeConnection")
async def create_stripe_connection(body: NewConnection, call: Call, request: Request) -> CreatedConnectionOut:
    """Connect a Stripe account: add ``webhook_path`` as a webhook endpoint in Stripe's dashboard."""
    connection, secret = await use_cases.connect_stripe(call.session, body, _box(request), call.actor)
    return CreatedConnectionOut.with_secret(connection, secret)


@router.get("/ingestion/stripe-connections/{connection_id}", needs=Role.ADMIN, operation_id="getStripeConnection")
async def get_stripe_connection(connection_id: UUID, call: Call) -> ConnectionOut:
    """One Stripe connection. Its secrets are never shown again."""
    connection = await store.find(call.session, call.organization_id, connection_id)
    if connection is None:
        raise use_cases.missing_connection()
    return ConnectionOut.of(connection)


@router.patch("/ingestion/stripe-connections/{connection_id}", needs=Role.ADMIN, operation_id="updateStripeConnection")
async def update_stripe_connection(
    connection_id: UUID, body: ConnectionChange, call: Call, request: Request, if_match: IfMatch
) -> ConnectionOut:
    """Rename, disable, rotate secrets, or set the default venture (which applies to past rows as well)."""
    seen = (if_match, body.version)
    connection = await use_cases.change_connection(
        call.session, connection_id, body, _box(request), seen=seen, actor=call.actor
    )
    return ConnectionOut.of(connection)


def _box(request: Request) -> SecretBox:
    runtime: Runtime = request.app.state.runtime
    return SecretBox(runtime.settings.secret_key_bytes)
