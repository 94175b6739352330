"""Members and invitations over HTTP."""

from uuid import UUID

from services.identity.door.entrance import LIMITED
from services.identity.membership import store
from services.identity.membership.models import Invitation, Membership
from services.identity.membership.schemas import (
    AcceptInvitation,
    InvitationOut,
    MemberChange,
    MemberOut,
    NewInvitation,
    OwnershipTransfer,
)
from services.identity.membership.use_cases import belonging, inviting
from services.identity.membership.use_cases.acting import Actor, Wanted
from services.identity.organization.schemas import OrganizationWithToken
from services.identity.session import use_cases as sessions
from services.identity.settings import Box
from services.identity.token.rules import ACCESS_LIFETIME
from services.identity.user.models import User
from shared.contracts.identity import Role
from shared.platform.http.call import Call, SignedInCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import PublicRouter, TenantRouter

router = TenantRouter(tags=["members"])
joining = PublicRouter(tags=["members"])


@router.get("/members", operation_id="listMembers")
async def list_members(call: Call, page: PageQuery) -> Page[MemberOut]:
    """The members of the organization, in the order in which they joined."""
    order = [Membership.joined_at, Membership.user_id]
    return await paginate(call.session, store.members(call.organization_id), page, by=order, into=MemberOut.of)


@router.post("/members", needs=Role.ADMIN, status_code=201, operation_id="inviteMember", responses=LIMITED)
async def invite_member(body: NewInvitation, call: Call, box: Box) -> InvitationOut:
    """Invite somebody by e-mail. Nobody can give a role above their own."""
    wanted = Wanted(body.role, None if body.venture_ids is None else tuple(body.venture_ids))
    invitation = await inviting.invite(call.session, box, body.email, wanted, actor_of(call))
    return InvitationOut.of(invitation, call.now)


@router.get("/members/invitations", needs=Role.ADMIN, operation_id="listInvitations")
async def list_invitations(call: Call, page: PageQuery) -> Page[InvitationOut]:
    """The invitations that were neither accepted nor taken back, newest first."""
    return await paginate(
        call.session,
        store.open_invitations(call.organization_id),
        page,
        by=[Invitation.created_at.desc(), Invitation.id.desc()],
        into=lambda one: InvitationOut.of(one, call.now),
    )


@router.post(
    "/members/invitations/{invitation_id}/resend",
    needs=Role.ADMIN,
    operation_id="resendInvitation",
    responses=LIMITED,
)
async def resend_invitation(invitation_id: UUID, call: Call, box: Box) -> InvitationOut:
    """Send the letter again with a new token, good for seven days; the old token counts no more."""
    return InvitationOut.of(await inviting.resend(call.session, box, invitation_id, actor_of(call)), call.now)


@router.delete(
    "/members/invitations/{invitation_id}", needs=Role.ADMIN, status_code=204, operation_id="revokeInvitation"
)
async def revoke_invitation(invitation_id: UUID, call: Call) -> None:
    """Take an invitation back."""
    await inviting.take_back(call.session, invitation_id, actor_of(call))


@router.patch("/members/{user_id}", needs=Role.ADMIN, operation_id="changeMember")
async def change_member(user_id: UUID, body: MemberChange, call: Call, if_match: IfMatch) -> MemberOut:
    """Give a member another role, or limit them to some ventures (null: all)."""
    given = None if body.venture_ids is None else tuple(body.venture_ids)
    ventures = Wanted(Role.MEMBER, given) if "venture_ids" in body.model_fields_set else None
    change = belonging.MemberChanged(body.role, ventures, if_match)
    member = await belonging.change_member(call.session, user_id, actor_of(call), change)
    return MemberOut.of(member, await call.session.get_one(User, user_id))


@router.post("/transfer-ownership", needs=Role.OWNER, operation_id="transferOwnership")
async def transfer_ownership(body: OwnershipTransfer, call: Call) -> MemberOut:
    """Make another member an owner in your place; you become an admin."""
    member = await belonging.transfer_ownership(call.session, body.user_id, actor_of(call))
    return MemberOut.of(member, await call.session.get_one(User, body.user_id))


@router.delete("/members/{user_id}", needs=Role.VIEWER, status_code=204, operation_id="removeMember")
async def remove_member(user_id: UUID, call: Call) -> None:
    """Take a member out (admins), or leave (everybody). The last owner stays."""
    await belonging.remove(call.session, user_id, actor_of(call))


@joining.post("/organizations/accept-invitation", operation_id="acceptInvitation")
async def accept_invitation(body: AcceptInvitation, call: SignedInCall, box: Box) -> OrganizationWithToken:
    """Join an organization by the token of an invitation; the answer brings a fresh access token."""
    user = await sessions.signed_in_user(call.session, call.claims)
    membership, organization = await inviting.accept(call.session, body.token, user, call.now)
    return OrganizationWithToken.of(
        organization,
        Role(membership.role),
        access_token=await sessions.access_token_of(call.session, box, user.id, call.claims.session_id, call.now),
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
    )


def actor_of(call: Call) -> Actor:
    """Who calls, for the use cases."""
    return Actor(call.organization_id, call.user_id, call.now, key_role=None if call.api_key_id is None else call.role)
