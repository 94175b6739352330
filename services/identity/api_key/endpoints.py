"""API keys over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.identity.api_key import store, use_cases
from services.identity.api_key.models import ApiKey
from services.identity.api_key.schemas import ApiKeyOut, NewApiKey, NewApiKeyOut
from services.identity.membership.endpoints import actor_of
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["api keys"])


@router.get("/api-keys", needs=Role.ADMIN, operation_id="listApiKeys")
async def list_api_keys(
    call: Call, page: PageQuery, *, revoked: Annotated[bool, Query(description="revoked ones as well")] = False
) -> Page[ApiKeyOut]:
    """The API keys of the organization, newest first."""
    return await paginate(
        call.session,
        store.keys_of(call.organization_id, revoked=revoked),
        page,
        by=[ApiKey.created_at.desc(), ApiKey.id.desc()],
        into=lambda key: ApiKeyOut.of(key, call.now),
    )


@router.post("/api-keys", needs=Role.ADMIN, status_code=201, operation_id="createApiKey")
async def create_api_key(body: NewApiKey, call: Call, request: Request) -> NewApiKeyOut:
    """Make an API key; its text is in this answer and never again. Send it as `Authorization: Bearer <key>`.

    It works at once: a service that has not heard of it waits for up to five seconds, then answers 503 with
    `Retry-After`.
    """
    secret_key = request.app.state.runtime.settings.secret_key_bytes
    key, text = await use_cases.make_key(call.session, secret_key, body, call.role, actor_of(call))
    return NewApiKeyOut(**ApiKeyOut.of(key, call.now).model_dump(), key=text)


@router.get("/api-keys/{api_key_id}", needs=Role.ADMIN, operation_id="getApiKey")
async def get_api_key(api_key_id: UUID, call: Call) -> ApiKeyOut:
    """One API key, and when it was used last."""
    key = await store.find(call.session, call.organization_id, api_key_id)
    if key is None:
        raise NotFound("There is no API key with this id.")
    return ApiKeyOut.of(key, call.now)


@router.delete("/api-keys/{api_key_id}", needs=Role.ADMIN, status_code=204, operation_id="revokeApiKey")
async def revoke_api_key(api_key_id: UUID, call: Call) -> None:
    """Revoke an API key: within a second it opens nothing anywhere."""
    await use_cases.revoke_key(call.session, api_key_id, actor_of(call))
