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


@dataclass(frozen=True, slots=True)
class Belonging:
    """A membership as a token tells of it."""

    organization_id: UUID
    role: Role
    version: int


def new_secret() -> str:
    """A token that nobody can guess: 256 random bits as base64url."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is stored of a random token: its SHA-256 (no salt is due, it cannot be guessed)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def access_claims(user_id: UUID, memberships: Sequence[Belonging], now: datetime) -> dict[str, Any]:
    """The claims of an access token, good for 15 minutes."""
    return {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "iat": int(now.timestamp()),
        "exp": int((now + ACCESS_LIFETIME).timestamp()),
        "memberships": [
            {"organization_id": str(one.organization_id), "role": one.role.value, "version": one.version}
            for one in memberships
        ],
    }
