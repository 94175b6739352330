"""API keys: how one looks, and what is kept of it.

``trueup_<id, 32 hex digits><secret, 43 characters><seal, 11 characters>``. The secret is 256 random bits;
services keep a keyed hash of it (the digest). The seal lets a service refuse what was never a key without
asking its database.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

PREFIX = "trueup_"
_ID, _SECRET, _SEAL = 32, 43, 11
_SEAL_BYTES = 8


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """What a caller showed, as far as it can be told without a database: a genuine key's id and digest."""

    id: UUID
    digest: str


def new_api_key(secret_key: bytes, identity: UUID) -> tuple[str, str]:
    """A new key with this id (UUIDv7): the text that is shown once, and its digest."""
    named = PREFIX + identity.hex + secrets.token_urlsafe(32)
    return named + _seal(secret_key, named), _digest(secret_key, named)


def is_api_key(credential: str) -> bool:
    """Whether a bearer credential claims to be an API key (an access token is the other kind)."""
    return credential.startswith(PREFIX)


def presented_key(secret_key: bytes, credential: str) -> PresentedKey | None:
    """The id and digest of a genuine key; None for anything that identity never made."""
    named, seal = credential[:-_SEAL], credential[-_SEAL:]
    if len(credential) != len(PREFIX) + _ID + _SECRET + _SEAL or not credential.isascii():
        return None
    if not hmac.compare_digest(seal, _seal(secret_key, named)):
        return None
    return PresentedKey(UUID(named[len(PREFIX) :][:_ID]), _digest(secret_key, named))


def _seal(secret_key: bytes, named: str) -> str:
    mac = hmac.digest(secret_key, b"api key seal\n" + named.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:_SEAL_BYTES]).decode().rstrip("=")


def _digest(secret_key: bytes, named: str) -> str:
    return hmac.digest(secret_key, b"api key digest\n" + named.encode(), hashlib.sha256).hex()
