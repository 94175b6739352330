"""Joining, changing roles, handing over, leaving."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership import rules, store
from services.identity.membership.models import Membership
from services.identity.membership.use_cases.acting import Actor, Wanted, acting_role, active_member, lock_organization
from services.identity.user.models import User
from shared.contracts.identity import MemberJoined, MemberRemoved, MembershipStatus, MemberState, Role
from shared.kernel.errors import Conflict, Forbidden, Invalid, NotFound, field_error
from shared.platform.bus.outbox import emit
from shared.platform.http.concurrency import check_version
from shared.platform.tenancy.subscription import member_values


class LastOwner(Conflict):
    """An organization always has an owner."""

    code = "last_owner"


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """What shall be changed of a member (None: nothing of it), and the version that was ``seen``."""

    role: Role | None
    ventures: Wanted | None = None
    seen: int | None = None


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
    await lock_organization(session, actor.organization_id)
    mine = await active_member(session, actor.organization_id, actor.user_id)
    if actor.key_role is not None or mine is None or mine.role != Role.OWNER.value:
        raise Forbidden("Only an owner, in person, can hand the organization over.")
    heir = await active_member(session, actor.organization_id, user_id)
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
        await lock_organization(session, organization_id)
        member = await active_member(session, organization_id, user_id)
        if member is not None:
            member.tokens_valid_from = now
            await _changed(session, member, Actor(organization_id, user_id, now))


async def _acting_on(session: AsyncSession, user_id: UUID, actor: Actor) -> tuple[Role, Membership]:
    await lock_organization(session, actor.organization_id)
    acting = await acting_role(session, actor)
    member = await active_member(session, actor.organization_id, user_id)
    if member is None:
        raise NotFound("There is no member with this id.")
    itself = user_id == actor.user_id and actor.key_role is None
    if not itself and not acting.covers(Role.ADMIN):
        raise Forbidden(f"This needs the role admin or higher; yours is {acting.value}.")
    if objection := rules.objection_to_change(acting, Role(member.role)):
        raise Forbidden(objection)
    return acting, member


async def _keep_an_owner(session: AsyncSession, member: Membership, becomes: Role | None) -> None:
    owners = await store.owners(session, member.organization_id)
    if rules.leaves_no_owner(Role(member.role), becomes, owners):
        raise LastOwner("This is the only owner; make somebody else an owner first.")


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
        venture_ids=rules.limited_to(member.venture_ids),
        tokens_valid_from=member.tokens_valid_from,
        email=email,
    )
