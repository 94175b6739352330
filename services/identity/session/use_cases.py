"""Sessions: they begin with a login, live by refresh tokens, and end."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership import store as memberships
from services.identity.membership.models import Membership
from services.identity.membership.rules import limited_to
from services.identity.membership.use_cases.belonging import refuse_older_tokens
from services.identity.organization.models import Organization
from services.identity.session import store
from services.identity.session.models import Session
from services.identity.token import store as token_store
from services.identity.token import use_cases as tokens
from services.identity.token.rules import REFRESH_LIFETIME, Belonging, hash_of
from services.identity.user.models import User
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound, Unauthorized
from shared.kernel.ids import new_id
from shared.platform.auth.tokens import Claims
from shared.platform.secrets import SecretBox


class RefreshRefused(Unauthorized):
    """The refresh token is unknown, too old, ended, or was used before (then its session is ended)."""

    code = "refresh_refused"


@dataclass(frozen=True, slots=True)
class Visit:
    """From where, and how, somebody comes."""

    address: str
    user_agent: str
    method: Literal["password", "provider"] = "password"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with fresh tokens and organizations."""

    user: User
    organizations: list[tuple[Membership, Organization]]
    access_token: str
    refresh_token: str


async def begin(session: AsyncSession, box: SecretBox, user: User, visit: Visit, now: datetime) -> SignedIn:
    """A new session of a user who has shown who they are."""
    begun = Session(
        id=new_id(),
        user_id=user.id,
        method=visit.method,
        address=visit.address,
        user_agent=visit.user_agent,
        started_at=now,
        last_used_at=now,
        expires_at=now + REFRESH_LIFETIME,
        ended_at=None,
        ended_because=None,
    )
    session.add(begun)
    return await _signed_in(session, box, user, begun, now)


async def refresh(
    session: AsyncSession, box: SecretBox, refresh_token: str, visit: Visit, now: datetime
) -> SignedIn | RefreshRefused:
    """Fresh tokens for a refresh token; a refusal is given, not raised: what it ends is committed.

    A token that was traded before has been copied: its whole session ends.
    """
    known = await token_store.refresh_token(session, hash_of(refresh_token))
    living = None if known is None else await session.get(Session, known.family_id, with_for_update=True)
    if known is None or living is None or known.revoked_at or living.ended_at or known.expires_at <= now:
        return RefreshRefused("The refresh token is not valid any more; log in again.")
    if known.replaced_at is not None:
        await _end(session, living.user_id, "token_reused", now, [living.id])
        return RefreshRefused("The refresh token was used before; log in again.")
    user = await session.get(User, living.user_id)
    if user is None or not user.active:
        return RefreshRefused("This account is not active.")
    known.replaced_at = living.last_used_at = now
    living.expires_at, living.address = now + REFRESH_LIFETIME, visit.address
    return await _signed_in(session, box, user, living, now)


async def log_out(session: AsyncSession, refresh_token: str, now: datetime) -> None:
    """End the session of a refresh token; an unknown one is no error."""
    known = await token_store.refresh_token(session, hash_of(refresh_token))
    if known is not None:
        await _end(session, known.user_id, "logout", now, [known.family_id])


async def end_one(session: AsyncSession, user_id: UUID, session_id: UUID, now: datetime) -> None:
    """End one of a user's own sessions."""
    if not await _end(session, user_id, "revoked", now, [session_id]):
        raise NotFound("There is no session with this id.")


async def end_all(session: AsyncSession, user_id: UUID, because: str, now: datetime) -> None:
    """End all sessions of a user, and let no access token that was issued before now count anywhere."""
    await _end(session, user_id, because, now, None)
    await refuse_older_tokens(session, user_id, now)


async def signed_in_user(session: AsyncSession, claims: Claims) -> User:
    """The user that a token speaks for, while its session lives."""
    user = await session.get(User, claims.user_id)
    if user is None or not user.active:
        raise Unauthorized("This account is not active.")
    if claims.session_id is not None:
        living = await session.get(Session, claims.session_id)
        if living is None or living.ended_at is not None:
            raise Unauthorized("This session was ended; log in again.")
    return user


async def access_token_of(
    session: AsyncSession, box: SecretBox, user_id: UUID, session_id: UUID | None, now: datetime
) -> str:
    """A fresh access token with the user's memberships as they are now."""
    belongings = [_belonging(member) for member, _ in await memberships.of_user(session, user_id)]
    return await tokens.access_token(session, box, user_id, belongings, now, session_id=session_id)


def _belonging(member: Membership) -> Belonging:
    return Belonging(member.organization_id, Role(member.role), member.version, limited_to(member.venture_ids))


async def _signed_in(session: AsyncSession, box: SecretBox, user: User, living: Session, now: datetime) -> SignedIn:
    return SignedIn(
        user,
        await memberships.of_user(session, user.id),
        await access_token_of(session, box, user.id, living.id, now),
        tokens.new_refresh_token(session, user.id, living.id, now),
    )


async def _end(
    session: AsyncSession, user_id: UUID, because: str, now: datetime, only: list[UUID] | None
) -> list[UUID]:
    ended = await store.end(session, user_id, because, now, only)
    await token_store.revoke(session, ended, now)
    return ended
