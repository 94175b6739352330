"""All SQL of the front door."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door.models import DoorRequest, RequestCount
from services.identity.door.rules import WINDOW, Count


async def count(session: AsyncSession, operation: str, subjects: Mapping[str, str], now: datetime) -> list[Count]:
    """Count a request in every scope; a window that is over begins again. All replicas count here."""
    rows = [
        {"operation": operation, "scope": scope, "subject": subject, "requests": 1, "since": now}
        for scope, subject in sorted(subjects.items())
    ]
    over = RequestCount.since <= now - WINDOW
    counted = await session.execute(
        insert(RequestCount)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["operation", "scope", "subject"],
            set_={
                "requests": case((over, 1), else_=RequestCount.requests + 1),
                "since": case((over, now), else_=RequestCount.since),
            },
        )
        .returning(RequestCount.scope, RequestCount.requests, RequestCount.since)
    )
    return [Count(*row) for row in counted]


async def forget_old_counts(session: AsyncSession, now: datetime) -> None:
    """Drop the counts of windows that are over."""
    await session.execute(delete(RequestCount).where(RequestCount.since <= now - WINDOW))


async def claim(session: AsyncSession, at_most: int) -> Sequence[DoorRequest]:
    """The oldest requests, locked; two doormen share the work."""
    oldest = select(DoorRequest).order_by(DoorRequest.created_at).limit(at_most).with_for_update(skip_locked=True)
    return (await session.scalars(oldest)).all()


async def waiting(session: AsyncSession) -> int:
    """How many requests nobody has looked into yet."""
    return await session.scalar(select(func.count()).select_from(DoorRequest)) or 0
