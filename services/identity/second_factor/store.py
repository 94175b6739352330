"""All SQL of second factors."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.second_factor.models import RecoveryCode, SecondFactor


async def find(session: AsyncSession, user_id: UUID) -> SecondFactor | None:
    """A user's second factor, locked: of two uses of one code, one comes first."""
    return await session.get(SecondFactor, user_id, with_for_update=True, populate_existing=True)


async def use_recovery_code(session: AsyncSession, user_id: UUID, code_hash: str, now: datetime) -> bool:
    """Use a recovery code up; False if there is no such unused one."""
    unused = RecoveryCode.user_id == user_id, RecoveryCode.code_hash == code_hash, RecoveryCode.used_at.is_(None)
    used = await session.execute(
        update(RecoveryCode).where(*unused).values(used_at=now).returning(RecoveryCode.code_hash)
    )
    return used.first() is not None


async def replace_recovery_codes(session: AsyncSession, user_id: UUID, hashes: Sequence[str]) -> None:
    """New recovery codes in the place of all older ones."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=one, used_at=None) for one in hashes)


async def unused_recovery_codes(session: AsyncSession, user_id: UUID) -> int:
    """How many recovery codes are left."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return await session.scalar(left) or 0
