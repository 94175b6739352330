"""Reading members, as identity's events describe them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.db.platform_tables import MembershipRow


async def email_of(session: AsyncSession, organization_id: UUID, user_id: UUID) -> str | None:
    """Where an active member is written to, if that is known."""
    statement = select(MembershipRow.email).where(
        MembershipRow.organization_id == organization_id, MembershipRow.user_id == user_id, MembershipRow.active
    )
    return (await session.scalars(statement)).one_or_none()
