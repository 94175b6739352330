"""Issuing, rotating and ending tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.token import rules, store
from services.identity.token.models import RefreshToken, SigningKey
from services.identity.token.rules import ALGORITHM, REFRESH_LIFETIME, Belonging
from shared.kernel.errors import Unauthorized
from shared.kernel.ids import new_id
from shared.platform.db.bulk import lock_keys
from shared.platform.secrets import SecretBox


class RefreshRefused(Unauthorized):
    """The refresh token is unknown, too old, ended, or was used before (then its family is ended)."""

    code = "refresh_refused"


async def access_token(
    session: AsyncSession, box: SecretBox, user_id: UUID, memberships: Sequence[Belonging], now: datetime
) -> str:
    """A signed access token: an Ed25519 JWT with the user's memberships."""
    key = await _signing_key(session, box, now)
    private = OKPKey.import_key(orjson.loads(box.open(key.sealed_private_jwk, _seal_context(key.kid))))
    header = {"alg": ALGORITHM, "kid": key.kid}
    return jwt.encode(header, rules.access_claims(user_id, memberships, now), private, algorithms=[ALGORITHM])


async def published_keys(session: AsyncSession, box: SecretBox, now: datetime) -> list[dict[str, Any]]:
    """The public keys by which every service verifies access tokens."""
    await _signing_key(session, box, now)
    return [dict(key.public_jwk) for key in await store.published_keys(session)]


async def begin_session(session: AsyncSession, user_id: UUID, now: datetime) -> str:
    """A refresh token of a new family."""
    return _new_refresh_token(session, user_id, new_id(), now)


async def rotate(session: AsyncSession, refresh_token: str, now: datetime) -> tuple[UUID, str]:
    """Trade a refresh token for the next of its family; gives the user and the new token.

    A token that was traded before has been copied: its whole family ends. The caller commits the
    refusal too.
    """
    known = await store.refresh_token(session, rules.hash_of(refresh_token))
    if known is None or known.revoked_at is not None or known.expires_at <= now:
        raise RefreshRefused("The refresh token is not valid any more; log in again.")
    if known.replaced_at is not None:
        await store.revoke_family(session, known.family_id, now)
        raise RefreshRefused("The refresh token was used before; log in again.")
    known.replaced_at = now
    return known.user_id, _new_refresh_token(session, known.user_id, known.family_id, now)


async def end_session(session: AsyncSession, refresh_token: str, now: datetime) -> None:
    """End the family of a refresh token; an unknown one is no error."""
    known = await store.refresh_token(session, rules.hash_of(refresh_token))
    if known is not None:
        await store.revoke_family(session, known.family_id, now)


def _new_refresh_token(session: AsyncSession, user_id: UUID, family_id: UUID, now: datetime) -> str:
    secret = rules.new_secret()
    session.add(
        RefreshToken(
            token_hash=rules.hash_of(secret),
            family_id=family_id,
            user_id=user_id,
            created_at=now,
            expires_at=now + REFRESH_LIFETIME,
            replaced_at=None,
            revoked_at=None,
        )
    )
    return secret


async def _signing_key(session: AsyncSession, box: SecretBox, now: datetime) -> SigningKey:
    """The key that signs; made by whoever first needs it, once."""
    key = await store.newest_key(session)
    if key is None:
        await lock_keys(session, "signing_key", ["first"])
        key = await store.newest_key(session) or _new_key(session, box, now)
    return key


def _new_key(session: AsyncSession, box: SecretBox, now: datetime) -> SigningKey:
    kid = str(new_id())
    made = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
    private = orjson.dumps(made.as_dict(private=True)).decode()
    key = SigningKey(
        kid=kid,
        public_jwk=dict(made.as_dict(private=False)),
        sealed_private_jwk=box.seal(private, _seal_context(kid)),
        created_at=now,
        retired_at=None,
    )
    session.add(key)
    return key


def _seal_context(kid: str) -> str:
    return f"signing_key:{kid}"
