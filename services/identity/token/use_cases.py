"""Signing access tokens, and the keys that do; refresh tokens."""

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
from shared.kernel.ids import new_id
from shared.platform.db.bulk import lock_keys
from shared.platform.secrets import SecretBox


async def access_token(
    session: AsyncSession,
    box: SecretBox,
    user_id: UUID,
    memberships: Sequence[Belonging],
    now: datetime,
    *,
    session_id: UUID | None,
) -> str:
    """A signed access token: an Ed25519 JWT with the user's memberships."""
    key = await _signing_key(session, box, now)
    private = OKPKey.import_key(orjson.loads(box.open(key.sealed_private_jwk, _seal_context(key.kid))))
    claims = rules.access_claims(user_id, session_id, memberships, now)
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, private, algorithms=[ALGORITHM])


async def published_keys(session: AsyncSession, box: SecretBox, now: datetime) -> list[dict[str, Any]]:
    """The public keys by which every service verifies access tokens."""
    await _signing_key(session, box, now)
    return [dict(key.public_jwk) for key in await store.published_keys(session, now)]


async def rotate_keys(
    session: AsyncSession, box: SecretBox, now: datetime, *, at_once: bool = False
) -> tuple[SigningKey, list[SigningKey]]:
    """Make a new signing key; gives it, and the older keys, which retire.

    Nobody is logged out by it: the new key is published before it signs, and the old ones are published until
    the last token that they signed has expired. ``at_once`` is for a key that was stolen: the new one signs
    now, and no older signature counts (every client has to refresh its access token).
    """
    await _lock(session)
    older = await store.published_keys(session, now)
    signs_from = now if at_once or not older else now + rules.PUBLISHED_BEFORE_USE
    retires = now if at_once else signs_from + rules.RETIRED_AFTER_USE
    await store.retire(session, [key.kid for key in older], retires)
    key = _new_key(session, box, now, signs_from)
    await session.flush()
    for old in older:
        await session.refresh(old)
    return key, older


def new_refresh_token(session: AsyncSession, user_id: UUID, family_id: UUID, now: datetime) -> str:
    """The next refresh token of a family."""
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
    key = await _newest_key(session, now)
    if key is None:
        await _lock(session)
        key = await _newest_key(session, now) or _new_key(session, box, now, now)
    return key


async def _newest_key(session: AsyncSession, now: datetime) -> SigningKey | None:
    """The newest key that may sign; before the first one may (clocks differ a little), the first one."""
    keys = await store.published_keys(session, now)
    signing = [key for key in keys if key.signs_from <= now] or keys[:1]
    return signing[-1] if signing else None


async def _lock(session: AsyncSession) -> None:
    await lock_keys(session, "signing_key", ["first"])


def _new_key(session: AsyncSession, box: SecretBox, now: datetime, signs_from: datetime) -> SigningKey:
    kid = str(new_id())
    made = OKPKey.generate_key("Ed25519", parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
    private = orjson.dumps(made.as_dict(private=True)).decode()
    key = SigningKey(
        kid=kid,
        public_jwk=dict(made.as_dict(private=False)),
        sealed_private_jwk=box.seal(private, _seal_context(kid)),
        created_at=now,
        signs_from=signs_from,
        retired_at=None,
    )
    session.add(key)
    return key


def _seal_context(kid: str) -> str:
    return f"signing_key:{kid}"
