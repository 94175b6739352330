"""All SQL of logins with other providers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.provider.models import ProviderAccount, ProviderLogin


async def take(session: AsyncSession, state_hash: str) -> ProviderLogin | None:
    """A login that comes back from its provider; it is taken, so that it comes back once."""
    taken = delete(ProviderLogin).where(ProviderLogin.state_hash == state_hash).returning(ProviderLogin)
    return (await session.scalars(taken)).one_or_none()


async def forget_lost(session: AsyncSession, now: datetime) -> None:
    """Drop logins that never came back."""
    await session.execute(delete(ProviderLogin).where(ProviderLogin.expires_at <= now))


async def user_of(session: AsyncSession, issuer: str, subject: str) -> UUID | None:
    """Whom a provider's subject is."""
    account = await session.get(ProviderAccount, (issuer, subject))
    return None if account is None else account.user_id
