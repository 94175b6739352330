"""Members and invitations over HTTP."""

from uuid import UUID

from services.identity.membership import store, use_cases
from services.identity.membership.models import Membership
from services.identity.membership.schemas import (
    AcceptInvitation,
    InvitationOut,
    MemberOut,
    NewInvitation,
    RoleChange,
)
from services.identity.membership.use_cases import Actor
from services.identity.organization.schemas import OrganizationWithToken
from services.identity.session import use_cases as sessions
from services.identity.settings import Box
from services.identity.token.rules import ACCESS_LIFETIME
from services.identity.user.models import User
from shared.contracts.identity import Role
from shared.platform.http.call import Call, SignedInCall
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import PublicRouter, TenantRouter

router = TenantRouter(tags=["members"])
joining = PublicRouter(tags=["members"])


@router.get("/members", operation_id="listMembers")
async def list_members(call: Call, page: PageQuery) -> Page[MemberOut]:
    """The members of the organization, in the order in which they joined."""
    order = [Membership.joined_at, Membership.user_id]
    return await paginate(call.session, store.members(call.organization_id), page, by=order, into=MemberOut.of)


@router.post("/members", needs=Role.ADMIN, status_code=201, operation_id="inviteMember")
async def invite_member(body: NewInvitation, call: Call, box: Box) -> InvitationOut:
    """Invite somebody by e-mail. Nobody can give a role above their own."""
    return InvitationOut.of(await use_cases.invite(call.session, box, body.email, body.role, _actor(call)))


@router.patch("/members/{user_id}", needs=Role.ADMIN, operation_id="changeMemberRole")
async def change_member_role(user_id: UUID, body: RoleChange, call: Call) -> MemberOut:
    """Give a member another role."""
    member = await use_cases.change_role(call.session, user_id, body.role, _actor(call))
    return MemberOut.of(member, await call.session.get_one(User, user_id))


@router.delete("/members/{user_id}", needs=Role.VIEWER, status_code=204, operation_id="removeMember")
async def remove_member(user_id: UUID, call: Call) -> None:
    """Take a member out (admins), or leave (everybody). The last owner stays."""
    await use_cases.remove(call.session, user_id, _actor(call))


@joining.post("/organizations/accept-invitation", operation_id="acceptInvitation")
async def accept_invitation(body: AcceptInvitation, call: SignedInCall, box: Box) -> OrganizationWithToken:
    """Join an organization by the token of an invitation; the answer brings a fresh access token."""
    user = await sessions.signed_in_user(call.session, call.claims)
    membership, organization = await use_cases.accept(call.session, body.token, user, call.now)
    return OrganizationWithToken.of(
        organization,
        Role(membership.role),
        access_token=await sessions.access_token_of(call.session, box, user.id, call.claims.session_id, call.now),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
    )


def _actor(call: Call) -> Actor:
    return Actor(call.organization_id, call.user_id, call.now)
