"""All SQL of letters."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.letter.models import WAITING, ReportLetter
from shared.contracts.identity import Role
from shared.platform.db.platform_tables import MembershipRow, OrganizationRow

READERS = (Role.OWNER, Role.ADMIN)
"""Who is sent the report: those who run the organization."""


async def readers(session: AsyncSession, organization_id: UUID) -> list[UUID]:
    """The active owners and admins who may see every venture and can be written to."""
    statement = select(MembershipRow.user_id).where(
        MembershipRow.organization_id == organization_id,
        MembershipRow.active,
        MembershipRow.role.in_([role.value for role in READERS]),
        MembershipRow.venture_ids.is_(None),
        MembershipRow.email.is_not(None),
    )
    return list(await session.scalars(statement.order_by(MembershipRow.user_id)))


async def address_of(session: AsyncSession, organization_id: UUID, user_id: UUID) -> str | None:
    """Where an active member is written to, if that is known."""
    statement = select(MembershipRow.email).where(
        MembershipRow.organization_id == organization_id, MembershipRow.user_id == user_id, MembershipRow.active
    )
    return (await session.scalars(statement)).one_or_none()


async def written(session: AsyncSession, organization_id: UUID, slot: date) -> set[UUID]:
    """To whom a letter of this slot was written already."""
    statement = select(ReportLetter.user_id).where(
        ReportLetter.organization_id == organization_id, ReportLetter.slot == slot
    )
    return set(await session.scalars(statement))


async def organizations_after(session: AsyncSession, after: UUID | None, limit: int) -> list[UUID]:
    """Organizations in order of id."""
    statement = select(OrganizationRow.id).where(OrganizationRow.id > (after or UUID(int=0)))
    return list(await session.scalars(statement.order_by(OrganizationRow.id).limit(limit)))


async def due(
    session: AsyncSession, organization_ids: Collection[UUID], at: datetime, limit: int
) -> Sequence[tuple[UUID, UUID]]:
    """Letters to send now: (organization, id), longest due first."""
    statement = select(ReportLetter.organization_id, ReportLetter.id).where(
        ReportLetter.organization_id.in_(organization_ids),
        ReportLetter.state == WAITING,
        ReportLetter.next_attempt_at <= at,
    )
    rows = await session.execute(statement.order_by(ReportLetter.next_attempt_at).limit(limit))
    return [(row.organization_id, row.id) for row in rows]


async def held(session: AsyncSession, organization_id: UUID, letter_id: UUID, at: datetime) -> ReportLetter | None:
    """A letter that is still due, locked; null when another replica has it."""
    statement = (
        select(ReportLetter)
        .where(
            ReportLetter.organization_id == organization_id,
            ReportLetter.id == letter_id,
            ReportLetter.state == WAITING,
            ReportLetter.next_attempt_at <= at,
        )
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).one_or_none()
