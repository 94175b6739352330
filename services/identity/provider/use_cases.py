"""Logging in with another provider."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.provider import rules, store
from services.identity.provider.models import ProviderAccount, ProviderLogin
from services.identity.session import use_cases as sessions
from services.identity.session.use_cases import SignedIn, Visit
from services.identity.token.rules import hash_of, new_secret
from services.identity.user import store as users
from services.identity.user.models import User
from services.identity.user.rules import NO_PASSWORD, same_address_key
from shared.kernel.errors import Forbidden
from shared.kernel.ids import new_id
from shared.platform.secrets import SecretBox


class ProviderRefused(Forbidden):
    """The login with the provider did not prove who it is."""

    code = "provider_refused"


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that goes to its provider: the state that the browser keeps, and what proves that it comes back."""

    state: str
    nonce: str
    challenge: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A login that came back from its provider."""

    verifier: str
    nonce: str
    return_to: str


def begin(session: AsyncSession, box: SecretBox, provider: str, return_to: str | None, now: datetime) -> Begun:
    """Note a login before its browser leaves."""
    state, nonce, verifier = new_secret(), new_secret(), new_secret()
    session.add(
        ProviderLogin(
            state_hash=hash_of(state),
            provider=provider,
            nonce=nonce,
            sealed_verifier=box.seal(verifier, _seal_context(hash_of(state))),
            return_to=rules.own_path(return_to),
            expires_at=now + rules.LOGIN_LIFETIME,
        )
    )
    return Begun(state, nonce, rules.challenge_of(verifier))


async def take_back(session: AsyncSession, box: SecretBox, provider: str, state: str, now: datetime) -> Returned | None:
    """The login that a state belongs to; it can be taken once. None when there is none."""
    login = await store.take(session, hash_of(state))
    if login is None or login.provider != provider or login.expires_at <= now:
        return None
    return Returned(box.open(login.sealed_verifier, _seal_context(login.state_hash)), login.nonce, login.return_to)


async def enter(session: AsyncSession, box: SecretBox, person: rules.Person, visit: Visit, now: datetime) -> SignedIn:
    """Begin a session for whom the provider vouches; a new address becomes a user, a known one is linked.

    An account with this address that nobody has confirmed may be somebody else's trap: its password goes,
    and so do its sessions.
    """
    known = await store.user_of(session, person.issuer, person.subject)
    user = await session.get(User, known) if known is not None else None
    if user is None:
        user = await _user_for(session, person, now)
        session.add(ProviderAccount(issuer=person.issuer, subject=person.subject, user_id=user.id, linked_at=now))
    if not user.active:
        raise ProviderRefused("This account is not active.")
    if user.verified_at is None:
        user.verified_at, user.password_hash = now, NO_PASSWORD
        await sessions.end_all(session, user.id, "taken_over", now)
    await session.flush()
    return await sessions.begin(session, box, user, visit, now)


async def _user_for(session: AsyncSession, person: rules.Person, now: datetime) -> User:
    key = same_address_key(person.email)
    user = User(
        id=new_id(),
        email=person.email,
        email_key=key,
        password_hash=NO_PASSWORD,
        first_name=person.first_name[:200],
        last_name=person.last_name[:200],
        active=True,
        verified_at=now,
        created_at=now,
    )
    await users.add_unless_taken(session, user)
    found = await users.by_email(session, key)
    assert found is not None
    return found


def _seal_context(state_hash: str) -> str:
    return f"provider_login:{state_hash}"
