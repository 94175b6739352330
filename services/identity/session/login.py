"""Logging in with a password.

What is done, and in which order, does not depend on whether the address is known: look up, hash, count.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.second_factor import use_cases as second_factor
from services.identity.session.use_cases import SignedIn, Visit, begin
from services.identity.settings import rate_limit_factor
from services.identity.user import rules, store
from services.identity.user.models import User
from shared.contracts.audit import Action
from shared.kernel.errors import Forbidden, TrueupError, Unauthorized
from shared.platform import audit
from shared.platform.secrets import SecretBox


class LoginRefused(TrueupError):
    """A login that failed; the attempt is counted."""


class WrongCredentials(LoginRefused, Unauthorized):
    """The address or the password is wrong; which of them is not said."""

    code = "invalid_credentials"
    title = "Wrong e-mail address or password"


class EmailNotVerified(LoginRefused, Forbidden):
    """The password is right, the address is not proven yet."""

    code = "email_not_verified"
    title = "The e-mail address is not confirmed yet"


class SecondFactorRequired(LoginRefused, Unauthorized):
    """The password is right; the account has a second factor as well."""

    code = "second_factor_required"
    title = "The second factor is missing"


class SecondFactorWrong(LoginRefused, Unauthorized):
    """The password is right, the code is not."""

    code = "second_factor_wrong"
    title = "The code is wrong"


class TooManyAttempts(LoginRefused):
    """Too many logins failed lately."""

    code: ClassVar[str] = "too_many_attempts"
    status: ClassVar[int] = 429
    title: ClassVar[str] = "Too many failed logins"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login under way: whom the address belongs to (perhaps nobody), and under which subjects failures count."""

    subjects: dict[str, str]
    user_id: UUID | None
    password_hash: str | None
    code: str | None = None


async def look_up(
    session: AsyncSession, email: str, address: str, now: datetime, *, code: str | None = None
) -> Attempt:
    """Whose password is to be checked; ``TooManyAttempts`` when too many were wrong lately."""
    subjects = rules.failure_subjects(email, address)
    await _refuse_too_many(session, subjects, now)
    user = await store.by_email(session, rules.same_address_key(email))
    known = user is not None and user.active and user.password_hash != rules.NO_PASSWORD
    if user is None or not known:
        return Attempt(subjects, None, None, code)
    return Attempt(subjects, user.id, user.password_hash, code)


async def settle(
    session: AsyncSession, box: SecretBox, attempt: Attempt, visit: Visit, now: datetime
) -> SignedIn | LoginRefused:
    """Begin a session for an attempt whose password was right; a refusal is given, so that its count is committed."""
    assert attempt.user_id is not None
    user = await session.get_one(User, attempt.user_id)
    if user.password_hash != attempt.password_hash or not user.active:
        return await failed(session, attempt, now)
    if user.verified_at is None:
        await store.forget_failures(session, attempt.subjects, now)
        _note(session, attempt, EmailNotVerified)
        return EmailNotVerified(
            "Confirm your e-mail address first; POST /v1/auth/resend-verification sends the letter."
        )
    if await second_factor.is_active(session, user.id):
        if attempt.code is None:
            return SecondFactorRequired("Send the code of your authenticator, or a recovery code, as `code`.")
        if not await second_factor.accepts(session, box, user.id, attempt.code, now):
            await store.count_failure(session, attempt.subjects, now)
            _note(session, attempt, SecondFactorWrong)
            return SecondFactorWrong("The code is wrong, too old, or was used before.")
    await store.forget_failures(session, attempt.subjects, now)
    return await begin(session, box, user, visit, now)


async def failed(session: AsyncSession, attempt: Attempt, now: datetime) -> LoginRefused:
    """Count a login whose address or password was wrong."""
    _note(session, attempt, WrongCredentials)
    await store.count_failure(session, attempt.subjects, now)
    return WrongCredentials("The e-mail address or the password is wrong.")


def _note(session: AsyncSession, attempt: Attempt, why: type[LoginRefused]) -> None:
    """For the audit log. Nothing of what was typed: people type passwords into the wrong field."""
    audit.note(session, "sessions", Action.REFUSED, user_id=attempt.user_id, because=why.code)


async def _refuse_too_many(session: AsyncSession, subjects: dict[str, str], now: datetime) -> None:
    recent = await store.recent_failures(session, subjects, now)
    for limit in rules.FAILURE_LIMITS:
        failures, since = recent.get(limit.scope, (0, now))
        if failures >= limit.failures * rate_limit_factor():
            wait = int((since + rules.FAILURE_WINDOW - now).total_seconds()) + 1
            raise TooManyAttempts(
                f"Too many logins failed; try again in {wait} seconds.", headers={"Retry-After": str(wait)}
            )
