"""All SQL of memberships and invitations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership.models import Invitation, Membership
from services.identity.organization.models import Organization
from services.identity.user.models import User
from shared.contracts.identity import MembershipStatus, Role
from shared.platform.db.platform_tables import MembershipRow

_ACTIVE = Membership.status == MembershipStatus.ACTIVE.value


async def of_user(
    session: AsyncSession, user_id: UUID, *, archived: bool = False
) -> list[tuple[Membership, Organization]]:
    """The organizations of a user with the memberships, by name."""
    wanted = Organization.archived_at.is_not(None) if archived else Organization.archived_at.is_(None)
    statement = (
        select(Membership, Organization)
        .join(Organization, Organization.id == Membership.organization_id)
        .where(Membership.user_id == user_id, _ACTIVE, wanted)
        .order_by(Organization.name, Organization.id)
    )
    return [(membership, organization) for membership, organization in await session.execute(statement)]


async def find(session: AsyncSession, organization_id: UUID, user_id: UUID) -> Membership | None:
    """A membership, also a removed one, as it is now."""
    return await session.get(Membership, (organization_id, user_id), populate_existing=True)


async def owners(session: AsyncSession, organization_id: UUID) -> int:
    """How many owners an organization has."""
    counted = select(func.count()).where(
        Membership.organization_id == organization_id, _ACTIVE, Membership.role == Role.OWNER.value
    )
    return await session.scalar(counted) or 0


def members(organization_id: UUID) -> Select[Any]:
    """The members of an organization, with who they are."""
    statement: Any = select(Membership, User).join(User, User.id == Membership.user_id)
    members_of: Select[Any] = statement.where(Membership.organization_id == organization_id, _ACTIVE)
    return members_of


async def organizations_of(session: AsyncSession, user_id: UUID) -> list[UUID]:
    """The organizations that a user belongs to (archived ones too), in one order."""
    found = select(Membership.organization_id).where(Membership.user_id == user_id, _ACTIVE)
    return list(await session.scalars(found.order_by(Membership.organization_id)))


async def tell_this_service(session: AsyncSession, values: dict[str, Any]) -> None:
    """Let the right of this very service follow at once; the others follow by event."""
    statement = insert(MembershipRow).values(values)
    await session.execute(statement.on_conflict_do_update(index_elements=["organization_id", "user_id"], set_=values))


async def invitation_by_token(session: AsyncSession, token_hash: str) -> Invitation | None:
    """An invitation by its token's hash, locked."""
    found = select(Invitation).where(Invitation.token_hash == token_hash).with_for_update()
    return (await session.scalars(found)).one_or_none()


def open_invitations(organization_id: UUID) -> Select[Any]:
    """The invitations of an organization that were neither accepted nor taken back."""
    return select(Invitation).where(
        Invitation.organization_id == organization_id,
        Invitation.accepted_at.is_(None),
        Invitation.revoked_at.is_(None),
    )


async def open_invitation(session: AsyncSession, organization_id: UUID, invitation_id: UUID) -> Invitation | None:
    """One of them, locked."""
    found = open_invitations(organization_id).where(Invitation.id == invitation_id).with_for_update()
    invitation: Invitation | None = (await session.scalars(found)).one_or_none()
    return invitation


async def revoke_open(session: AsyncSession, organization_id: UUID, email_key: str, now: datetime) -> None:
    """A newer invitation takes the place of an open one."""
    await session.execute(
        update(Invitation)
        .where(
            Invitation.organization_id == organization_id,
            Invitation.email_key == email_key,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
