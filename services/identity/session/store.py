"""All SQL of sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.session.models import Session


def living(user_id: UUID, now: datetime) -> Select[Any]:
    """The sessions of a user that have not ended."""
    return select(Session).where(Session.user_id == user_id, Session.ended_at.is_(None), Session.expires_at > now)


async def end(
    session: AsyncSession, user_id: UUID, because: str, now: datetime, only: Sequence[UUID] | None = None
) -> list[UUID]:
    """End a user's sessions (or only some of them); gives the ids of those that lived."""
    ending = update(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
    if only is not None:
        ending = ending.where(Session.id.in_(only))
    ended = await session.scalars(ending.values(ended_at=now, ended_because=because).returning(Session.id))
    return list(ended)
