"""All SQL of users."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.user.models import EmailVerification, LoginFailures, PasswordReset, User
from services.identity.user.rules import FAILURE_WINDOW
from shared.platform.db.bulk import in_values


async def by_email(session: AsyncSession, email_key: str) -> User | None:
    """The user with this address."""
    return (await session.scalars(select(User).where(User.email_key == email_key))).one_or_none()


async def add_unless_taken(session: AsyncSession, user: User) -> bool:
    """Add a user; False if somebody has the address (also when it happens this moment)."""
    values = {column.key: getattr(user, column.key) for column in User.__table__.columns}
    added = await session.scalar(insert(User).values(values).on_conflict_do_nothing().returning(User.id))
    return added is not None


async def verification(session: AsyncSession, token_hash: str) -> EmailVerification | None:
    """A verification by its token's hash, locked."""
    return await session.get(EmailVerification, token_hash, with_for_update=True)


async def verifications_since(session: AsyncSession, user_id: UUID, since: datetime) -> int:
    """How many verification letters a user was sent lately."""
    counted = select(func.count()).where(EmailVerification.user_id == user_id, EmailVerification.created_at > since)
    return await session.scalar(counted) or 0


async def reset(session: AsyncSession, token_hash: str) -> PasswordReset | None:
    """A password reset by its token's hash, locked: of two uses one comes first."""
    return await session.get(PasswordReset, token_hash, with_for_update=True, populate_existing=True)


async def use_up_resets(session: AsyncSession, user_id: UUID, now: datetime) -> None:
    """No token for a new password counts any more."""
    await session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )


async def recent_failures(
    session: AsyncSession, subjects: dict[str, str], now: datetime
) -> dict[str, tuple[int, datetime]]:
    """Failed logins in the running window, by scope: how many, and since when."""
    rows = await session.scalars(
        select(LoginFailures).where(
            in_values((LoginFailures.scope, LoginFailures.subject), list(subjects.items())),
            LoginFailures.since > now - FAILURE_WINDOW,
        )
    )
    return {row.scope: (row.failures, row.since) for row in rows}


async def count_failure(session: AsyncSession, subjects: dict[str, str], now: datetime) -> None:
    """Count a failed login in every scope; a window that is over begins again."""
    rows = [
        {"scope": scope, "subject": subject, "failures": 1, "since": now} for scope, subject in sorted(subjects.items())
    ]
    statement = insert(LoginFailures).values(rows)
    over = LoginFailures.since <= now - FAILURE_WINDOW
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["scope", "subject"],
            set_={
                "failures": case((over, 1), else_=LoginFailures.failures + 1),
                "since": case((over, now), else_=LoginFailures.since),
            },
        )
    )


async def forget_failures(session: AsyncSession, subjects: dict[str, str], now: datetime) -> None:
    """A login succeeded: forget this account's failures from this address, and everything that is over."""
    await session.execute(
        delete(LoginFailures).where(
            (LoginFailures.since <= now - FAILURE_WINDOW)
            | ((LoginFailures.scope == "account_address") & (LoginFailures.subject == subjects["account_address"]))
        )
    )
