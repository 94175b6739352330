"""What an endpoint knows of its caller, inside the transaction that carries out the request.

The transaction commits after the endpoint returns and *before* the answer is sent: what a client is
told has happened.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.identity import Role
from shared.kernel.clock import now
from shared.kernel.errors import Forbidden, NotFound, Unauthorized
from shared.platform.auth.tokens import Claims
from shared.platform.db.platform_tables import MembershipRow
from shared.platform.http import idempotency
from shared.platform.tenancy.organizations import OrganizationView, organization_of

if TYPE_CHECKING:
    from shared.platform.service import Runtime

NEEDS = "x-needs-role"

_bearer = HTTPBearer(auto_error=False, description="The access token from `login`", bearerFormat="JWT")


@dataclass
class TenantCall:
    """A request to one organization, by a member whose role suffices."""

    session: AsyncSession
    organization_id: UUID
    user_id: UUID
    role: Role
    now: datetime = field(default_factory=now)

    async def organization(self) -> OrganizationView:
        """The organization's currency, time zone and fiscal year."""
        return await organization_of(self.session, self.organization_id)


@dataclass
class UserCall:
    """A request by a user, outside any organization."""

    session: AsyncSession
    user_id: UUID
    claims: Claims
    now: datetime = field(default_factory=now)


@dataclass
class AnonymousCall:
    """A request by nobody in particular."""

    session: AsyncSession
    address: str
    now: datetime = field(default_factory=now)


async def _claims(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Claims:
    if credentials is None:
        raise Unauthorized("Send an access token: Authorization: Bearer <token>.")
    runtime: Runtime = request.app.state.runtime
    return await runtime.verifier.verify(credentials.credentials)


CallerClaims = Annotated[Claims, Depends(_claims)]


async def _role(session: AsyncSession, claims: Claims, organization_id: UUID) -> Role:
    """The caller's role: the membership row overrules an older token; without a row the token counts."""
    claimed = claims.memberships.get(organization_id)
    row = (
        await session.execute(
            select(MembershipRow.version, MembershipRow.role, MembershipRow.active).where(
                MembershipRow.organization_id == organization_id, MembershipRow.user_id == claims.user_id
            )
        )
    ).one_or_none()
    if row is not None and (claimed is None or row.version >= claimed.version):
        if row.active:
            return Role(row.role)
    elif claimed is not None:
        return claimed.role
    raise NotFound("There is no organization with this id.")


async def _tenant_call(request: Request, organization_id: UUID, claims: CallerClaims) -> AsyncIterator[TenantCall]:
    runtime: Runtime = request.app.state.runtime
    needed = Role(_needs(request))
    async with runtime.database.transaction([organization_id]) as session:
        role = await _role(session, claims, organization_id)
        if not role.covers(needed):
            raise Forbidden(f"This needs the role {needed.value} or higher; yours is {role.value}.")
        await idempotency.begin(request, session, caller=f"{organization_id}:{claims.user_id}")
        yield TenantCall(session, organization_id, claims.user_id, role)


async def _user_call(request: Request, claims: CallerClaims) -> AsyncIterator[UserCall]:
    runtime: Runtime = request.app.state.runtime
    async with runtime.database.transaction() as session:
        await idempotency.begin(request, session, caller=str(claims.user_id))
        yield UserCall(session, claims.user_id, claims)


async def _anonymous_call(request: Request) -> AsyncIterator[AnonymousCall]:
    runtime: Runtime = request.app.state.runtime
    address = request.headers.get("x-forwarded-for", "").split(",")[0].strip() or (
        request.client.host if request.client else "unknown"
    )
    async with runtime.database.transaction() as session:
        yield AnonymousCall(session, address)


def _needs(request: Request) -> str:
    route: Any = request.scope["route"]
    needs: str = route.openapi_extra[NEEDS]
    return needs


Call = Annotated[TenantCall, Depends(_tenant_call, scope="function")]
SignedInCall = Annotated[UserCall, Depends(_user_call, scope="function")]
PublicCall = Annotated[AnonymousCall, Depends(_anonymous_call, scope="function")]
