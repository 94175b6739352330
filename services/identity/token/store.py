"""All SQL of tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.token.models import RefreshToken, SigningKey


async def newest_key(session: AsyncSession) -> SigningKey | None:
    """The key that signs now."""
    newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc()).limit(1)
    return (await session.scalars(newest)).one_or_none()


async def published_keys(session: AsyncSession) -> list[SigningKey]:
    """The keys whose signatures still count."""
    valid = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at)
    return list(await session.scalars(valid))


async def refresh_token(session: AsyncSession, token_hash: str) -> RefreshToken | None:
    """A refresh token, locked: two uses of it queue here."""
    return await session.get(RefreshToken, token_hash, with_for_update=True, populate_existing=True)


async def revoke_family(session: AsyncSession, family_id: UUID, now: datetime) -> None:
    """End every token that descends from one login."""
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
