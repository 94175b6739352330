"""Registering, proving an address, logging in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.mail import rules as letters
from services.identity.mail.use_cases import write_letter
from services.identity.membership import store as memberships
from services.identity.membership.models import Membership
from services.identity.organization.models import Organization
from services.identity.token import use_cases as tokens
from services.identity.token.rules import Belonging, hash_of, new_secret
from services.identity.user import rules, store
from services.identity.user.models import EmailVerification, User
from services.identity.user.passwords import hash_password, verify_password
from services.identity.user.schemas import NewUser
from shared.contracts.identity import Role
from shared.kernel.errors import Forbidden, Invalid, TrueupError, Unauthorized
from shared.kernel.ids import new_id
from shared.platform.secrets import SecretBox
from shared.platform.settings import public_url


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


class TooManyAttempts(LoginRefused):
    """Too many logins failed lately."""

    code: ClassVar[str] = "too_many_attempts"
    status: ClassVar[int] = 429
    title: ClassVar[str] = "Too many failed logins"


class TokenInvalid(Invalid):
    """The token from a letter is unknown, too old, or used."""

    code = "token_invalid"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with fresh tokens and organizations."""

    user: User
    organizations: list[tuple[Membership, Organization]]
    access_token: str
    refresh_token: str


async def register(session: AsyncSession, box: SecretBox, wanted: NewUser, now: datetime) -> None:
    """Create an unverified user and write the verification letter; a taken address only gets a letter."""
    key = rules.same_address_key(wanted.email)
    user = User(
        id=new_id(),
        email=wanted.email,
        email_key=key,
        password_hash=await hash_password(wanted.password),
        first_name=wanted.first_name,
        last_name=wanted.last_name,
        active=True,
        verified_at=None,
        created_at=now,
    )
    if await store.add_unless_taken(session, user):
        await _write_verification(session, box, user, now)
        return
    known = await store.by_email(session, key)
    if known is None or known.verified_at is None:
        await resend_verification(session, box, wanted.email, now)
        return
    await write_letter(session, box, letters.already_registered(known.email, known.first_name, public_url()), now)


async def resend_verification(session: AsyncSession, box: SecretBox, email: str, now: datetime) -> None:
    """Write the verification letter again, a few times an hour; nothing for others."""
    user = await store.by_email(session, rules.same_address_key(email))
    if user is None or user.verified_at is not None:
        return
    sent = await store.verifications_since(session, user.id, now - timedelta(hours=1))
    if sent < rules.VERIFICATIONS_AN_HOUR:
        await _write_verification(session, box, user, now)


async def verify_email(session: AsyncSession, token: str, now: datetime) -> None:
    """Prove an address by the token from the letter; repeating it does no harm."""
    verification = await store.verification(session, hash_of(token))
    if verification is None:
        raise TokenInvalid("This token is not known. Ask for a new letter with POST /v1/auth/resend-verification.")
    user = await session.get_one(User, verification.user_id, with_for_update=True)
    if user.verified_at is not None:
        return
    if verification.expires_at <= now:
        raise TokenInvalid("This token is too old. Ask for a new letter with POST /v1/auth/resend-verification.")
    verification.used_at = user.verified_at = now


async def log_in(
    session: AsyncSession, box: SecretBox, email: str, password: str, *, address: str, now: datetime
) -> SignedIn:
    """Check a login; a ``LoginRefused`` leaves its mark in the transaction, so the caller commits it too."""
    subjects = rules.failure_subjects(email, address)
    await _refuse_too_many(session, subjects, now)
    user = await store.by_email(session, rules.same_address_key(email))
    if not await verify_password(password, user.password_hash if user else None) or user is None or not user.active:
        await store.count_failure(session, subjects, now)
        raise WrongCredentials("The e-mail address or the password is wrong.")
    await store.forget_failures(session, subjects, now)
    if user.verified_at is None:
        raise EmailNotVerified("Confirm your e-mail address first; POST /v1/auth/resend-verification sends the letter.")
    return await _signed_in(session, box, user, await tokens.begin_session(session, user.id, now), now)


async def refresh(session: AsyncSession, box: SecretBox, refresh_token: str, now: datetime) -> SignedIn:
    """Fresh tokens for a refresh token; a refusal leaves its mark, so the caller commits it too."""
    user_id, following = await tokens.rotate(session, refresh_token, now)
    user = await session.get(User, user_id)
    if user is None or not user.active:
        raise tokens.RefreshRefused("This account is not active.")
    return await _signed_in(session, box, user, following, now)


async def signed_in_user(session: AsyncSession, user_id: UUID) -> User:
    """The user that a token speaks for."""
    user = await session.get(User, user_id)
    if user is None or not user.active:
        raise Unauthorized("This account is not active.")
    return user


async def organizations_of(session: AsyncSession, user_id: UUID) -> list[tuple[Membership, Organization]]:
    """The organizations of a user, with the memberships."""
    return await memberships.of_user(session, user_id)


async def access_token_of(session: AsyncSession, box: SecretBox, user_id: UUID, now: datetime) -> str:
    """A fresh access token with the user's memberships as they are now."""
    belongings = [
        Belonging(membership.organization_id, Role(membership.role), membership.version)
        for membership, _ in await memberships.of_user(session, user_id)
    ]
    return await tokens.access_token(session, box, user_id, belongings, now)


async def _signed_in(session: AsyncSession, box: SecretBox, user: User, refresh_token: str, now: datetime) -> SignedIn:
    return SignedIn(
        user,
        await memberships.of_user(session, user.id),
        await access_token_of(session, box, user.id, now),
        refresh_token,
    )


async def _refuse_too_many(session: AsyncSession, subjects: dict[str, str], now: datetime) -> None:
    recent = await store.recent_failures(session, subjects, now)
    for limit in rules.FAILURE_LIMITS:
        failures, since = recent.get(limit.scope, (0, now))
        if failures >= limit.failures:
            wait = int((since + rules.FAILURE_WINDOW - now).total_seconds()) + 1
            raise TooManyAttempts(
                f"Too many logins failed; try again in {wait} seconds.", headers={"Retry-After": str(wait)}
            )


async def _write_verification(session: AsyncSession, box: SecretBox, user: User, now: datetime) -> None:
    secret = new_secret()
    session.add(
        EmailVerification(
            token_hash=hash_of(secret),
            user_id=user.id,
            created_at=now,
            expires_at=now + rules.VERIFICATION_LIFETIME,
            used_at=None,
        )
    )
    await write_letter(session, box, letters.verification(user.email, user.first_name, secret, public_url()), now)
