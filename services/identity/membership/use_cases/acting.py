"""Who acts in an organization, and on whom."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership import store
from services.identity.membership.models import Membership
from services.identity.organization.models import Organization
from shared.contracts.identity import MembershipStatus, Role
from shared.kernel.errors import NotFound


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


async def lock_organization(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization, locked: changes of its members queue here."""
    organization = await session.get(Organization, organization_id, with_for_update=True, populate_existing=True)
    if organization is None:
        raise NotFound("There is no organization with this id.")
    return organization


async def acting_role(session: AsyncSession, actor: Actor) -> Role:
    """The actor's role as it is now: a token may be older."""
    if actor.key_role is not None:
        return actor.key_role
    acting = await active_member(session, actor.organization_id, actor.user_id)
    if acting is None:
        raise NotFound("There is no organization with this id.")
    return Role(acting.role)


async def active_member(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Membership | None:
    """A user's membership, if they belong to the organization now."""
    member = await store.find(session, organization_id, user_id)
    return member if member is not None and member.status == MembershipStatus.ACTIVE.value else None
