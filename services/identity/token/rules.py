"""What tokens are: random secrets kept as hashes, and signed claims."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.identity import Role

ISSUER = "trueup"
AUDIENCE = "trueup"
ALGORITHM = "Ed25519"
ACCESS_LIFETIME = timedelta(minutes=15)
REFRESH_LIFETIME = timedelta(days=7)
PUBLISHED_BEFORE_USE = timedelta(minutes=5)
"""A new key is known everywhere (services ask each minute, others may keep a JWKS this long) before it signs."""
RETIRED_AFTER_USE = ACCESS_LIFETIME + timedelta(minutes=1)
"""A key that signs no more counts until its last token has expired."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """A membership as a token tells of it."""

    organization_id: UUID
    role: Role
    version: int
    venture_ids: tuple[UUID, ...] | None = None


def new_secret() -> str:
    """A token that nobody can guess: 256 random bits as base64url."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is stored of a random token: its SHA-256 (no salt is due, it cannot be guessed)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def access_claims(
    user_id: UUID, session_id: UUID | None, memberships: Sequence[Belonging], now: datetime
) -> dict[str, Any]:
    """The claims of an access token, good for 15 minutes.

    ``iat`` is exact to the microsecond: sessions that are ended and begun in one second are told apart by it.
    """
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "iat": now.timestamp(),
        "exp": int((now + ACCESS_LIFETIME).timestamp()),
        "memberships": [_claim(one) for one in memberships],
    } | ({} if session_id is None else {"sid": str(session_id)})


def _claim(one: Belonging) -> dict[str, Any]:
    claim = {"organization_id": str(one.organization_id), "role": one.role.value, "version": one.version}
    if one.venture_ids is not None:
        return claim | {"venture_ids": [str(venture) for venture in one.venture_ids]}
    return claim
