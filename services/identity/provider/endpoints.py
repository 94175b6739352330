"""Logging in with another provider over HTTP: two redirects of a browser."""

from functools import lru_cache
from typing import Annotated

import structlog
from fastapi import Path, Query, Request
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from services.identity.door.entrance import LIMITED, AtTheDoor
from services.identity.provider import rules, use_cases
from services.identity.provider.client import ProviderClient
from services.identity.provider.settings import ProviderSettings, providers
from services.identity.session.cookies import set_cookies
from services.identity.session.use_cases import Visit
from shared.kernel.errors import NotFound
from shared.platform.http.problems import problem_responses
from shared.platform.http.routing import PublicRouter
from shared.platform.settings import public_url

log = structlog.get_logger()
router = PublicRouter(tags=["auth"], prefix="/v1/auth/providers")

STATE_COOKIE = "__Host-trueup_login"
_REDIRECTS = {303: {"description": "To the provider, or back to the page that asked", "content": {}}}
_ANSWERS = LIMITED | problem_responses(403)

Provider = Annotated[str, Path(max_length=40, examples=["corp"])]


class ProviderOut(BaseModel):
    """A provider that you can log in with."""

    name: str
    title: str
    login_url: str


class ProvidersOut(BaseModel):
    """The providers that you can log in with."""

    items: list[ProviderOut]


@lru_cache(maxsize=32)
def _client(settings: ProviderSettings) -> ProviderClient:
    return ProviderClient(settings)


def client_of(name: str) -> ProviderClient:
    """The provider with this name."""
    settings = providers().get(name)
    if settings is None:
        raise NotFound("There is no login provider with this name.")
    return _client(settings)


@router.get("", operation_id="listProviders", responses=LIMITED)
async def list_providers(door: AtTheDoor) -> ProvidersOut:
    """The providers that you can log in with, beside passwords."""
    await door.admit("provider_login")
    return ProvidersOut(
        items=[
            ProviderOut(name=name, title=one.title, login_url=f"/v1/auth/providers/{name}/login")
            for name, one in sorted(providers().items())
        ]
    )


@router.get(
    "/{provider}/login",
    operation_id="beginProviderLogin",
    status_code=303,
    response_class=RedirectResponse,
    responses=_ANSWERS | _REDIRECTS,
)
async def begin_provider_login(
    provider: Provider,
    door: AtTheDoor,
    return_to: Annotated[str | None, Query(max_length=500, description="a path of ours to come back to")] = None,
) -> RedirectResponse:
    """Send the browser to the provider."""
    await door.admit("provider_login")
    client = client_of(provider)
    endpoint = await client.authorization_endpoint()
    async with door.transaction() as session:
        begun = use_cases.begin(session, door.box, provider, return_to, door.now)
    settings = client.settings
    target = rules.authorization_url(
        endpoint,
        client_id=settings.client_id,
        redirect_uri=_redirect_uri(provider),
        scopes=settings.scopes,
        state=begun.state,
        nonce=begun.nonce,
        code_challenge=begun.challenge,
    )
    answer = RedirectResponse(target, status_code=303)
    # Lax: the browser comes back from the provider's site by a link. Only who began a login can end it.
    lifetime = int(rules.LOGIN_LIFETIME.total_seconds())
    answer.set_cookie(STATE_COOKIE, begun.state, max_age=lifetime, path="/", secure=True, httponly=True, samesite="lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/{provider}/callback",
    operation_id="endProviderLogin",
    status_code=303,
    response_class=RedirectResponse,
    responses=_ANSWERS | _REDIRECTS,
)
async def end_provider_login(
    provider: Provider,
    door: AtTheDoor,
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=2000)] = "",
) -> RedirectResponse:
    """Where the provider sends the browser back to: a session begins, its tokens are cookies."""
    await door.admit("provider_login")
    client = client_of(provider)
    if not state or request.cookies.get(STATE_COOKIE) != state:
        raise _refusal("it was not begun in this browser")
    async with door.transaction() as session:
        returned = await use_cases.take_back(session, door.box, provider, state, door.now)
    if returned is None or not code:
        raise _refusal("it is unknown, too old, or was refused by the provider")
    try:
        person = await client.person(
            code,
            verifier=returned.verifier,
            redirect_uri=_redirect_uri(provider),
            nonce=returned.nonce,
            now=door.now,
        )
    except rules.NotBelieved as error:
        raise _refusal(str(error)) from error
    async with door.transaction() as session:
        visit = Visit(door.address, door.user_agent, "provider")
        signed_in = await use_cases.enter(session, door.box, person, visit, door.now)
    answer = RedirectResponse(public_url() + returned.return_to, status_code=303)
    set_cookies(answer, signed_in)
    answer.delete_cookie(STATE_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _redirect_uri(provider: str) -> str:
    return f"{public_url()}/v1/auth/providers/{provider}/callback"


def _refusal(why: str) -> use_cases.ProviderRefused:
    log.info("provider_login.refused", why=why)
    return use_cases.ProviderRefused(f"This login did not work: {why}. Begin again.")
