"""What the operator's command may ask of identity."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership.models import Membership
from services.identity.organization.models import Organization
from shared.contracts.identity import MembershipStatus


async def figures(session: AsyncSession) -> list[dict[str, str | None]]:
    """How many members of each role every organization has."""
    counted = (
        select(Organization.slug, Membership.role, func.count())
        .join(Membership, Membership.organization_id == Organization.id)
        .where(Membership.status == MembershipStatus.ACTIVE.value)
        .group_by(Organization.slug, Membership.role)
        .order_by(Organization.slug, Membership.role)
    )
    return [
        {"figure": "identity.members", "organization": slug, "role": role, "members": str(members)}
        for slug, role, members in await session.execute(counted)
    ]


async def recompute(_session: AsyncSession, _organization_id: UUID) -> int:
    """Identity derives nothing that is stored."""
    return 0
