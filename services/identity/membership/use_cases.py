"""Inviting, joining, changing roles, leaving."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door.use_cases import TooManyRequests, seconds_to_wait
from services.identity.mail import rules as letters
from services.identity.mail.use_cases import write_letter
from services.identity.membership import rules, store
from services.identity.membership.models import Invitation, Membership
from services.identity.organization.models import Organization
from services.identity.token.rules import hash_of, new_secret
from services.identity.user import store as users
from services.identity.user.models import User
from services.identity.user.rules import same_address_key
from services.identity.user.use_cases import TokenInvalid
from shared.contracts.identity import MemberJoined, MemberRemoved, MembershipStatus, MemberState, Role
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit
from shared.platform.http.concurrency import check_version
from shared.platform.secrets import SecretBox
from shared.platform.settings import public_url
from shared.platform.tenancy.subscription import member_values


class AlreadyMember(Conflict):
    """The person is a member already."""

    code = "already_member"


class LastOwner(Conflict):
    """An organization always has an owner."""

    code = "last_owner"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, in which organization, and when. ``key_role``: with an API key of this role, made by the user."""

    organization_id: UUID
    user_id: UUID
    now: datetime
    key_role: Role | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a membership is to be. ``venture_ids`` None: all ventures."""

    role: Role
    venture_ids: tuple[UUID, ...] | None = None

    @property
    def stored_ventures(self) -> list[str] | None:
        """The ventures as they are stored: sorted, each once."""
        return None if self.venture_ids is None else sorted({str(venture) for venture in self.venture_ids})


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """What shall be changed of a member (None: nothing of it), and the version that was ``seen``."""

    role: Role | None
    ventures: Wanted | None = None
    seen: int | None = None


async def invite(session: AsyncSession, box: SecretBox, email: str, wanted: Wanted, actor: Actor) -> Invitation:
    """Write an invitation letter; a newer one takes the place of an open one to the same address."""
    organization = await _lock_organization(session, actor.organization_id)
    await _refuse_grant(session, wanted, actor)
    key = same_address_key(email)
    known = await users.by_email(session, key)
    if known is not None and await _active(session, actor.organization_id, known.id) is not None:
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
    organization = await _lock_organization(session, actor.organization_id)
    invitation = await _open_invitation(session, invitation_id, actor)
    ventures = invitation.venture_ids
    wanted = Wanted(Role(invitation.role), None if ventures is None else tuple(UUID(one) for one in ventures))
    await _refuse_grant(session, wanted, actor)
    await _send(session, box, invitation, organization, actor)
    return invitation


async def take_back(session: AsyncSession, invitation_id: UUID, actor: Actor) -> None:
    """Take an invitation back: its token counts no more."""
    await _lock_organization(session, actor.organization_id)
    invitation = await _open_invitation(session, invitation_id, actor)
    invitation.revoked_at = actor.now


async def accept(session: AsyncSession, token: str, user: User, now: datetime) -> tuple[Membership, Organization]:
    """Join by the token of an invitation to one's own address; repeating it does no harm."""
    invitation = await store.invitation_by_token(session, hash_of(token))
    if invitation is None or invitation.email_key != user.email_key:
        raise TokenInvalid("This invitation is not known, or is not for your e-mail address.")
    organization = await _lock_organization(session, invitation.organization_id)
    member = await _active(session, invitation.organization_id, user.id)
    if invitation.accepted_at is not None and member is not None:
        return member, organization
    if invitation.accepted_at is not None or invitation.revoked_at is not None or invitation.expires_at <= now:
        raise TokenInvalid("This invitation is too old, or was taken back; ask for a new one.")
    invitation.accepted_at = now
    if member is not None:
        return member, organization
    actor = Actor(organization.id, user.id, now)
    return await join(session, Role(invitation.role), actor, invitation.venture_ids), organization


async def join(session: AsyncSession, role: Role, actor: Actor, venture_ids: list[str] | None = None) -> Membership:
    """Make the actor a member, or a removed one a member again."""
    member = await store.find(session, actor.organization_id, actor.user_id)
    if member is None:
        member = Membership(
            organization_id=actor.organization_id,
            user_id=actor.user_id,
            version=0,
            joined_at=actor.now,
        )
        session.add(member)
    member.status, member.role, member.joined_at = MembershipStatus.ACTIVE.value, role.value, actor.now
    member.venture_ids = venture_ids
    return await _changed(session, member, actor)


async def change_member(session: AsyncSession, user_id: UUID, actor: Actor, change: MemberChanged) -> Membership:
    """Give a member another role, or limit them to other ventures."""
    acting, member = await _acting_on(session, user_id, actor)
    check_version(member.version, change.seen)
    role, ventures = change.role or Role(member.role), change.ventures
    if objection := rules.objection_to_grant(acting, role):
        raise Forbidden(objection)
    venture_ids = member.venture_ids if ventures is None else ventures.stored_ventures
    if objection := rules.objection_to_limit(role, limited=venture_ids is not None):
        raise Invalid(objection, errors=[field_error("venture_ids", objection)])
    if (member.role, member.venture_ids) == (role.value, venture_ids):
        return member
    await _keep_an_owner(session, member, role)
    member.role, member.venture_ids = role.value, venture_ids
    return await _changed(session, member, actor)


async def transfer_ownership(session: AsyncSession, user_id: UUID, actor: Actor) -> Membership:
    """Make a member an owner, and the actor an admin; gives the new owner's membership."""
    await _lock_organization(session, actor.organization_id)
    mine = await _active(session, actor.organization_id, actor.user_id)
    if actor.key_role is not None or mine is None or mine.role != Role.OWNER.value:
        raise Forbidden("Only an owner, in person, can hand the organization over.")
    heir = await _active(session, actor.organization_id, user_id)
    if heir is None:
        raise NotFound("There is no member with this id.")
    if heir.user_id == actor.user_id:
        raise Conflict("You are an owner already.")
    heir.role, heir.venture_ids, mine.role = Role.OWNER.value, None, Role.ADMIN.value
    await _changed(session, heir, actor)
    await _changed(session, mine, actor)
    return heir


async def remove(session: AsyncSession, user_id: UUID, actor: Actor) -> None:
    """Take a member out; anybody may leave."""
    _, member = await _acting_on(session, user_id, actor)
    await _keep_an_owner(session, member, None)
    member.status = MembershipStatus.REMOVED.value
    await _changed(session, member, actor)


async def refuse_older_tokens(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """Let no access token of a user that was issued before now count in any service."""
    for organization_id in await store.organizations_of(session, user_id):
        await _lock_organization(session, organization_id)
        member = await _active(session, organization_id, user_id)
        if member is not None:
            member.tokens_valid_from = now
            await _changed(session, member, Actor(organization_id, user_id, now))


async def _acting_on(session: AsyncSession, user_id: UUID, actor: Actor) -> tuple[Role, Membership]:
    await _lock_organization(session, actor.organization_id)
    acting = await _acting(session, actor)
    member = await _active(session, actor.organization_id, user_id)
    if member is None:
        raise NotFound("There is no member with this id.")
    itself = user_id == actor.user_id and actor.key_role is None
    if not itself and not acting.covers(Role.ADMIN):
        raise Forbidden(f"This needs the role admin or higher; yours is {acting.value}.")
    if objection := rules.objection_to_change(acting, Role(member.role)):
        raise Forbidden(objection)
    return acting, member


async def _refuse_grant(session: AsyncSession, wanted: Wanted, actor: Actor) -> None:
    if objection := rules.objection_to_grant(await _acting(session, actor), wanted.role):
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


async def _keep_an_owner(session: AsyncSession, member: Membership, becomes: Role | None) -> None:
    owners = await store.owners(session, member.organization_id)
    if rules.leaves_no_owner(Role(member.role), becomes, owners):
        raise LastOwner("This is the only owner; make somebody else an owner first.")


async def _lock_organization(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization, locked: changes of its members queue here."""
    organization = await session.get(Organization, organization_id, with_for_update=True, populate_existing=True)
    if organization is None:
        raise NotFound("There is no organization with this id.")
    return organization


async def _acting(session: AsyncSession, actor: Actor) -> Role:
    """The actor's role as it is now: a token may be older."""
    if actor.key_role is not None:
        return actor.key_role
    acting = await _active(session, actor.organization_id, actor.user_id)
    if acting is None:
        raise NotFound("There is no organization with this id.")
    return Role(acting.role)


async def _active(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Membership | None:
    member = await store.find(session, organization_id, user_id)
    return member if member is not None and member.status == MembershipStatus.ACTIVE.value else None


async def _changed(session: AsyncSession, member: Membership, actor: Actor) -> Membership:
    member.version += 1
    member.changed_at, member.changed_by = actor.now, actor.user_id
    await session.flush()
    told = _state(member, (await session.get_one(User, member.user_id)).email)
    await store.tell_this_service(session, member_values(told))
    await emit(session, told)
    return member


def _state(member: Membership, email: str) -> MemberState:
    status = MembershipStatus(member.status)
    event = MemberJoined if status is MembershipStatus.ACTIVE else MemberRemoved
    return event(
        organization_id=member.organization_id,
        user_id=member.user_id,
        version=member.version,
        role=Role(member.role),
        status=status,
        venture_ids=None if member.venture_ids is None else tuple(UUID(venture) for venture in member.venture_ids),
        tokens_valid_from=member.tokens_valid_from,
        email=email,
    )
