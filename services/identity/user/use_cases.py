"""Registering, proving an address, choosing a new password."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.mail import rules as letters
from services.identity.mail.use_cases import write_letter
from services.identity.token.rules import hash_of, new_secret
from services.identity.user import rules, store
from services.identity.user.models import EmailVerification, PasswordReset, User
from shared.kernel.errors import Invalid
from shared.kernel.ids import new_id
from shared.platform.secrets import SecretBox
from shared.platform.settings import public_url


class TokenInvalid(Invalid):
    """The token from a letter is unknown, too old, or used."""

    code = "token_invalid"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Somebody who wants to be registered; the password is hashed already."""

    email: str
    password_hash: str
    first_name: str
    last_name: str


async def register(session: AsyncSession, box: SecretBox, wanted: NewAccount, now: datetime) -> None:
    """Create an unverified user and write the verification letter; a taken address only gets a letter."""
    key = rules.same_address_key(wanted.email)
    user = User(
        id=new_id(),
        email=wanted.email,
        email_key=key,
        password_hash=wanted.password_hash,
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


async def request_reset(session: AsyncSession, box: SecretBox, email: str, now: datetime) -> None:
    """Write a letter with the token for a new password; nothing for an address that has no account."""
    user = await store.by_email(session, rules.same_address_key(email))
    if user is None or not user.active:
        return
    secret = new_secret()
    session.add(
        PasswordReset(
            token_hash=hash_of(secret),
            user_id=user.id,
            created_at=now,
            expires_at=now + rules.RESET_LIFETIME,
            used_at=None,
        )
    )
    await write_letter(session, box, letters.password_reset(user.email, user.first_name, secret, public_url()), now)


async def usable_reset(session: AsyncSession, token: str, now: datetime) -> tuple[PasswordReset, User]:
    """The reset that a token allows, and whose it is, both locked; ``TokenInvalid`` when there is none."""
    reset = await store.reset(session, hash_of(token))
    if reset is None or reset.used_at is not None or reset.expires_at <= now:
        raise TokenInvalid(
            "This token is not known, too old, or used. Ask for a new letter with POST /v1/auth/forgot-password."
        )
    user = await session.get_one(User, reset.user_id, with_for_update=True)
    if not user.active:
        raise TokenInvalid("This account is not active.")
    return reset, user


async def set_password(session: AsyncSession, box: SecretBox, user: User, password_hash: str, now: datetime) -> None:
    """Give a user a new password: every open token for another one is used up, and a letter tells of it.

    Who holds a token from a letter has proven the address as well. The caller ends the sessions.
    """
    user.password_hash = password_hash
    await store.use_up_resets(session, user.id, now)
    await write_letter(session, box, letters.password_changed(user.email, user.first_name, public_url()), now)


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
