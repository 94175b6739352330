"""All SQL of tokens."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.token.models import RefreshToken, SigningKey


async def published_keys(session: AsyncSession, now: datetime) -> list[SigningKey]:
    """The keys whose signatures count, or will."""
    counts = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now)
    valid = select(SigningKey).where(counts).order_by(SigningKey.signs_from, SigningKey.kid)
    return list(await session.scalars(valid))


async def retire(session: AsyncSession, kids: Collection[str], at: datetime) -> None:
    """Let the signatures of keys count until an instant, and no longer."""
    keys = SigningKey.kid.in_(list(kids)), or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > at)
    await session.execute(update(SigningKey).where(*keys).values(retired_at=at))


async def refresh_token(session: AsyncSession, token_hash: str) -> RefreshToken | None:
    """A refresh token, locked: two uses of it queue here."""
    return await session.get(RefreshToken, token_hash, with_for_update=True, populate_existing=True)


async def revoke(session: AsyncSession, families: Collection[UUID], now: datetime) -> None:
    """End every refresh token that descends from some logins."""
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id.in_(list(families)), RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
