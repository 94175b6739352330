"""SQL of readers."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.reader.models import ReportReaders
from shared.contracts.identity import Role
from shared.platform.db.platform_tables import MembershipRow

RUNNING_IT = (Role.OWNER, Role.ADMIN)
"""Who gets the report unless somebody else is chosen: those who run the organization."""


async def choice_of(session: AsyncSession, organization_id: UUID) -> ReportReaders | None:
    """What an organization chose, if it did."""
    return await session.get(ReportReaders, organization_id, populate_existing=True)


async def readers(session: AsyncSession, organization_id: UUID) -> list[UUID]:
    """Who gets the report now: of those chosen (else the owners and admins) who may, and can be written to."""
    choice = await choice_of(session, organization_id)
    if choice is None or choice.readers is None:
        wanted = MembershipRow.role.in_([role.value for role in RUNNING_IT])
    else:
        wanted = MembershipRow.user_id.in_([UUID(user) for user in choice.readers])
    statement = select(MembershipRow.user_id).where(
        MembershipRow.organization_id == organization_id,
        MembershipRow.active,
        MembershipRow.venture_ids.is_(None),
        MembershipRow.email.is_not(None),
        wanted,
    )
    return list(await session.scalars(statement.order_by(MembershipRow.user_id)))


async def seeing_all(session: AsyncSession, organization_id: UUID, users: Collection[UUID]) -> set[UUID]:
    """Those of some users who are active members and may see every venture."""
    statement = select(MembershipRow.user_id).where(
        MembershipRow.organization_id == organization_id,
        MembershipRow.user_id.in_(users),
        MembershipRow.active,
        MembershipRow.venture_ids.is_(None),
    )
    return set(await session.scalars(statement))
