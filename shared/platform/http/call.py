"""What an endpoint knows of its caller, inside the transaction that carries out the request.

The transaction commits after the endpoint returns and *before* the answer is sent: what a client is
told has happened.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.audit import ActorKind
from shared.contracts.identity import Role
from shared.kernel.actor import Actor
from shared.kernel.clock import now
from shared.kernel.errors import Conflict, Forbidden, Unauthorized
from shared.platform import audit
from shared.platform.audit import Deed
from shared.platform.auth.api_keys import PresentedKey, is_api_key, presented_key
from shared.platform.auth.cookies import ACCESS_COOKIE, refuse_other_sites
from shared.platform.auth.rights import READ, WRITE, Rights, rights_of_key, rights_of_member
from shared.platform.auth.tokens import Claims
from shared.platform.db.driver import run
from shared.platform.http import idempotency
from shared.platform.tenancy.organizations import OrganizationView, organization_of
from shared.platform.tenancy.ventures import limit_to_ventures

if TYPE_CHECKING:
    from shared.platform.service import Runtime

NEEDS = "x-needs-role"

TAKES_ARCHIVED = "x-takes-archived"

_LONGEST_REQUEST_ID = 64

_bearer = HTTPBearer(auto_error=False, description="The access token from `login`, or an API key", bearerFormat="JWT")
_cookie = APIKeyCookie(name=ACCESS_COOKIE, auto_error=False, description="The access token, as web pages send it")


class OrganizationArchived(Conflict):
    """An archived organization can be read, not changed."""

    code = "organization_archived"


class OrganizationWide(Forbidden):
    """It tells of every venture, and the caller is limited to some."""

    code = "organization_wide"


@dataclass
class TenantCall:
    """A request to one organization, by a member or an API key whose role suffices.

    ``user_id`` is for whom it counts (an API key's maker). ``venture_ids`` None: all ventures; else the database
    shows the rows of these alone, and an answer that is kept for others must not be shared with this caller.
    """

    session: AsyncSession
    organization_id: UUID
    user_id: UUID
    role: Role
    now: datetime = field(default_factory=now)
    address: str = ""
    venture_ids: frozenset[UUID] | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    known: OrganizationView | None = None

    @property
    def actor(self) -> Actor:
        """Who calls, for use cases."""
        return Actor(self.organization_id, self.user_id, self.now)

    def demand_every_venture(self, what: str) -> None:
        """Raise ``OrganizationWide`` for a member who is limited to some ventures."""
        if self.venture_ids is not None:
            raise OrganizationWide(f"{what} are the whole organization's; you are limited to some of its ventures.")

    async def organization(self) -> OrganizationView:
        """The organization's currency, time zone and fiscal year."""
        return self.known or await organization_of(self.session, self.organization_id)


@dataclass
class UserCall:
    """A request by a user, outside any organization."""

    session: AsyncSession
    user_id: UUID
    claims: Claims
    now: datetime = field(default_factory=now)
    address: str = ""


def address_of(request: Request) -> str:
    """The caller's address: the gateway's word for it, else that of the connection."""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")[0].strip()
    return forwarded or (request.client.host if request.client else "unknown")


async def _credential(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    cookie: Annotated[str | None, Depends(_cookie)],
) -> str:
    """What the caller shows: the Authorization header, else the cookie of a web page of ours."""
    if bearer is not None:
        return bearer.credentials
    if not cookie:
        raise Unauthorized("Send an access token: Authorization: Bearer <token>.")
    refuse_other_sites(request)
    return cookie


Credential = Annotated[str, Depends(_credential)]


async def _claims(request: Request, credential: Credential) -> Claims:
    if is_api_key(credential):
        raise Unauthorized("An API key belongs to an organization; this is for people: log in.")
    runtime: Runtime = request.app.state.runtime
    return await runtime.verifier.verify(credential)


CallerClaims = Annotated[Claims, Depends(_claims)]


async def proof(request: Request, credential: str) -> Claims | PresentedKey:
    """A valid token's claims, or a genuine API key, waited for if it is new; what they are good for is asked next."""
    runtime: Runtime = request.app.state.runtime
    if not is_api_key(credential):
        return await runtime.verifier.verify(credential)
    key = presented_key(runtime.settings.secret_key_bytes, credential)
    if key is None:
        raise Unauthorized("The API key is not valid.")
    await runtime.new_keys.arrival(key)
    return key


async def _tenant_call(request: Request, organization_id: UUID, credential: Credential) -> AsyncIterator[TenantCall]:
    runtime: Runtime = request.app.state.runtime
    shown = await proof(request, credential)
    writes = request.method in idempotency.MUTATING
    deed = deed_of(request, ActorKind.USER if isinstance(shown, Claims) else ActorKind.API_KEY)
    async with runtime.database.transaction([organization_id], actor=deed.actor.value if writes else "") as session:
        if isinstance(shown, Claims):
            (rights,) = await run(session, rights_of_member(shown, organization_id))
        else:
            rights = await rights_of_key(session, shown, organization_id, now())
            runtime.key_uses.note(organization_id, shown.id)
        admit(request, rights)
        if rights.venture_ids is not None:
            await limit_to_ventures(session, rights.venture_ids)
        caller = rights.api_key_id or rights.user_id
        await idempotency.begin(request, session, caller=f"{organization_id}:{caller}")
        yield TenantCall(
            session=session,
            organization_id=organization_id,
            user_id=rights.user_id,
            role=rights.role,
            address=address_of(request),
            venture_ids=rights.venture_ids,
            session_id=rights.session_id,
            api_key_id=rights.api_key_id,
            known=rights.organization,
        )
        if writes:
            deed = replace(deed, user_id=rights.user_id, session_id=rights.session_id, api_key_id=rights.api_key_id)
            await audit.tell(session, deed, organization_id)


def admit(request: Request, rights: Rights) -> None:
    """Refuse who may not do what the route does."""
    extra = _declared(request)
    reads = request.method == "GET"
    service: str = request.app.state.runtime.service.name
    rights.demand(Role(extra[NEEDS]), f"{service}:{READ if reads else WRITE}")
    if rights.archived and not reads and not extra.get(TAKES_ARCHIVED):
        raise OrganizationArchived("The organization is archived; an owner can restore it.")


async def _user_call(request: Request, claims: CallerClaims) -> AsyncIterator[UserCall]:
    runtime: Runtime = request.app.state.runtime
    deed = replace(deed_of(request, ActorKind.USER), user_id=claims.user_id, session_id=claims.session_id)
    async with audit.telling(runtime.database, deed if request.method in idempotency.MUTATING else None) as session:
        await idempotency.begin(request, session, caller=str(claims.user_id))
        yield UserCall(session, claims.user_id, claims, address=address_of(request))


def deed_of(request: Request, actor: ActorKind = ActorKind.NOBODY) -> Deed:
    """What the audit log is told of a request, should it change something."""
    runtime: Runtime = request.app.state.runtime
    return Deed(
        service=runtime.service.name,
        operation=request.scope["route"].operation_id,
        actor=actor,
        address=address_of(request),
        request_id=request.headers.get("x-request-id", "")[:_LONGEST_REQUEST_ID] or None,
    )


def _declared(request: Request) -> dict[str, Any]:
    """What the route says of itself in OpenAPI."""
    route: Any = request.scope["route"]
    extra: dict[str, Any] = route.openapi_extra
    return extra


def takes_idempotency_key(dependant: Dependant) -> bool:
    """Whether a route knows its caller before it acts, so that the caller's keys count."""
    return any(one.call in {_tenant_call, _user_call} or takes_idempotency_key(one) for one in dependant.dependencies)


Call = Annotated[TenantCall, Depends(_tenant_call, scope="function")]
SignedInCall = Annotated[UserCall, Depends(_user_call, scope="function")]
