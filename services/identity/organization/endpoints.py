"""Organizations over HTTP."""

from services.identity.membership import store as memberships
from services.identity.membership.endpoints import actor_of
from services.identity.membership.use_cases.acting import Actor
from services.identity.organization import use_cases
from services.identity.organization.models import Organization
from services.identity.organization.schemas import (
    NewOrganization,
    OrganizationChange,
    OrganizationOut,
    OrganizationsOut,
    OrganizationWithToken,
)
from services.identity.session import use_cases as sessions
from services.identity.settings import Box
from services.identity.token.rules import ACCESS_LIFETIME
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.kernel.ids import new_id
from shared.platform.http.call import TAKES_ARCHIVED, Call, SignedInCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import PublicRouter, TenantRouter

router = TenantRouter(tags=["organizations"])
entrance = PublicRouter(tags=["organizations"])


@entrance.post("/organizations", status_code=201, operation_id="createOrganization")
async def create_organization(body: NewOrganization, call: SignedInCall, box: Box) -> OrganizationWithToken:
    """Create an organization; you become its owner. The answer brings an access token that contains it."""
    user = await sessions.signed_in_user(call.session, call.claims)
    organization = await use_cases.create_organization(call.session, body, Actor(new_id(), user.id, call.now))
    return OrganizationWithToken.of(
        organization,
        Role.OWNER,
        access_token=await sessions.access_token_of(call.session, box, user.id, call.claims.session_id, call.now),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
    )


@entrance.get("/organizations", operation_id="listOrganizations")
async def list_organizations(call: SignedInCall, *, archived: bool = False) -> OrganizationsOut:
    """The organizations that you belong to, by name; with `archived`, those that were archived instead."""
    found = await memberships.of_user(call.session, call.user_id, archived=archived)
    return OrganizationsOut(
        items=[OrganizationOut.of(organization, Role(membership.role)) for membership, organization in found]
    )


@router.get("", operation_id="getOrganization")
async def get_organization(call: Call) -> OrganizationOut:
    """One organization that you belong to."""
    organization = await call.session.get(Organization, call.organization_id)
    if organization is None:
        raise NotFound("There is no organization with this id.")
    return OrganizationOut.of(organization, call.role)


@router.patch("", needs=Role.ADMIN, operation_id="updateOrganization")
async def update_organization(body: OrganizationChange, call: Call, if_match: IfMatch) -> OrganizationOut:
    """Change name, particulars or settings; members that are left out stay. The base currency is fixed."""
    actor = actor_of(call)
    seen = (if_match, body.version)
    return OrganizationOut.of(await use_cases.change_organization(call.session, body.wanted(), seen, actor), call.role)


@router.post("/archive", needs=Role.OWNER, operation_id="archiveOrganization", openapi_extra={TAKES_ARCHIVED: True})
async def archive_organization(call: Call) -> OrganizationOut:
    """Archive the organization: everything can still be read, nothing changed, and lists hide it."""
    return OrganizationOut.of(await use_cases.set_archived(call.session, actor_of(call), archived=True), call.role)


@router.post("/restore", needs=Role.OWNER, operation_id="restoreOrganization", openapi_extra={TAKES_ARCHIVED: True})
async def restore_organization(call: Call) -> OrganizationOut:
    """Take an archived organization into use again."""
    return OrganizationOut.of(await use_cases.set_archived(call.session, actor_of(call), archived=False), call.role)
