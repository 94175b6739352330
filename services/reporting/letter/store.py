"""All SQL of letters."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.letter.models import LetterDue, ReportLetter
from shared.platform.mail import HOLD, LETTERS_AT_A_TIME, WAITING


async def written(session: AsyncSession, organization_id: UUID, slot: date) -> set[UUID]:
    """To whom a letter of this slot was written already."""
    statement = select(ReportLetter.user_id).where(
        ReportLetter.organization_id == organization_id, ReportLetter.slot == slot
    )
    return set(await session.scalars(statement))


async def claim(session: AsyncSession, at: datetime) -> list[LetterDue]:
    """Take some letters that are due, longest first; no other mailer has them for a while."""
    due = (
        select(LetterDue.id)
        .where(LetterDue.due_at <= at)
        .order_by(LetterDue.due_at)
        .limit(LETTERS_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    claimed = update(LetterDue).where(LetterDue.id.in_(due)).values(due_at=at + HOLD).returning(LetterDue)
    return list(await session.scalars(claimed))


async def waiting(session: AsyncSession, due: LetterDue) -> ReportLetter | None:
    """A letter while it waits, locked."""
    key = (due.organization_id, due.id)
    letter = await session.get(ReportLetter, key, with_for_update=True)
    return letter if letter is not None and letter.state == WAITING else None


async def put_off(session: AsyncSession, due: LetterDue, again_at: datetime) -> None:
    """Let go of a letter until it is tried again."""
    await session.execute(update(LetterDue).where(LetterDue.id == due.id).values(due_at=again_at))


async def finish(session: AsyncSession, due: LetterDue) -> None:
    """Nobody need look at a letter any more."""
    await session.execute(delete(LetterDue).where(LetterDue.id == due.id))
