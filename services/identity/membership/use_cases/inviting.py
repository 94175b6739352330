"""Invitations: written, sent again, taken back, accepted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door.use_cases import TooManyRequests, seconds_to_wait
from services.identity.mail import rules as letters
from services.identity.mail.use_cases import write_letter
from services.identity.membership import rules, store
from services.identity.membership.models import Invitation, Membership
from services.identity.membership.use_cases.acting import Actor, Wanted, acting_role, active_member, lock_organization
from services.identity.membership.use_cases.belonging import join
from services.identity.organization.models import Organization
from services.identity.token.rules import hash_of, new_secret
from services.identity.user import store as users
from services.identity.user.models import User
from services.identity.user.rules import same_address_key
from services.identity.user.use_cases import TokenInvalid
from shared.contracts.identity import Role
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.secrets import SecretBox
from shared.platform.settings import public_url


class AlreadyMember(Conflict):
    """The person is a member already."""

    code = "already_member"


async def invite(session: AsyncSession, box: SecretBox, email: str, wanted: Wanted, actor: Actor) -> Invitation:
    """Write an invitation letter; a newer one takes the place of an open one to the same address."""
    organization = await lock_organization(session, actor.organization_id)
    await _refuse_grant(session, wanted, actor)
    key = same_address_key(email)
    known = await users.by_email(session, key)
    if known is not None and await active_member(session, actor.organization_id, known.id) is not None:
        raise AlreadyMember(f"{email} is a member already; change the role with PATCH.")
    await store.revoke_open(session, actor.organization_id, key, actor.now)
    invitation = Invitation(
        organization_id=actor.organization_id,
        id=new_id(),
        email=email,
        email_key=key,
        role=wanted.role.value,
        venture_ids=wanted.stored_ventures,
        invited_by=actor.user_id,
        created_at=actor.now,
        accepted_at=None,
        revoked_at=None,
    )
    await _send(session, box, invitation, organization, actor)
    session.add(invitation)
    return invitation


async def resend(session: AsyncSession, box: SecretBox, invitation_id: UUID, actor: Actor) -> Invitation:
    """Write the letter again with a new token; the old one counts no more, and seven days begin anew."""
    organization = await lock_organization(session, actor.organization_id)
    invitation = await _open_invitation(session, invitation_id, actor)
    wanted = Wanted(Role(invitation.role), rules.limited_to(invitation.venture_ids))
    await _refuse_grant(session, wanted, actor)
    await _send(session, box, invitation, organization, actor)
    return invitation


async def take_back(session: AsyncSession, invitation_id: UUID, actor: Actor) -> None:
    """Take an invitation back: its token counts no more."""
    await lock_organization(session, actor.organization_id)
    invitation = await _open_invitation(session, invitation_id, actor)
    invitation.revoked_at = actor.now


async def accept(session: AsyncSession, token: str, user: User, now: datetime) -> tuple[Membership, Organization]:
    """Join by the token of an invitation to one's own address; repeating it does no harm."""
    invitation = await store.invitation_by_token(session, hash_of(token))
    if invitation is None or invitation.email_key != user.email_key:
        raise TokenInvalid("This invitation is not known, or is not for your e-mail address.")
    organization = await lock_organization(session, invitation.organization_id)
    member = await active_member(session, invitation.organization_id, user.id)
    if invitation.accepted_at is not None and member is not None:
        return member, organization
    if invitation.accepted_at is not None or invitation.revoked_at is not None or invitation.expires_at <= now:
        raise TokenInvalid("This invitation is too old, or was taken back; ask for a new one.")
    invitation.accepted_at = now
    if member is not None:
        return member, organization
    actor = Actor(organization.id, user.id, now)
    return await join(session, Role(invitation.role), actor, invitation.venture_ids), organization


async def _refuse_grant(session: AsyncSession, wanted: Wanted, actor: Actor) -> None:
    if objection := rules.objection_to_grant(await acting_role(session, actor), wanted.role):
        raise Forbidden(objection)
    if objection := rules.objection_to_limit(wanted.role, limited=wanted.venture_ids is not None):
        raise Invalid(objection, errors=[field_error("venture_ids", objection)])


async def _open_invitation(session: AsyncSession, invitation_id: UUID, actor: Actor) -> Invitation:
    invitation = await store.open_invitation(session, actor.organization_id, invitation_id)
    if invitation is None:
        raise NotFound("There is no open invitation with this id.")
    return invitation


async def _send(
    session: AsyncSession, box: SecretBox, invitation: Invitation, organization: Organization, actor: Actor
) -> None:
    wait = await seconds_to_wait(session, "invitation", invitation.email, str(organization.id), actor.now)
    if wait is not None:
        raise TooManyRequests(f"Too many invitations; try again in {wait} seconds.", headers={"Retry-After": str(wait)})
    secret = new_secret()
    invitation.token_hash, invitation.expires_at = hash_of(secret), actor.now + rules.INVITATION_LIFETIME
    inviter = await session.get_one(User, actor.user_id)
    letter = letters.invitation(
        invitation.email,
        secret,
        public_url(),
        organization=organization.name,
        inviter=f"{inviter.first_name} {inviter.last_name}",
        role=invitation.role,
    )
    await write_letter(session, box, letter, actor.now)
