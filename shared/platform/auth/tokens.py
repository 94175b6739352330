"""Verifying access tokens: Ed25519 JWTs, by the keys that identity publishes."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from shared.contracts.identity import Role
from shared.kernel.clock import now
from shared.kernel.errors import Unauthorized, Unavailable

ISSUER = "trueup"
AUDIENCE = "trueup"
ALGORITHM = "Ed25519"
_FRESH_SECONDS = 300.0
_ASK_AGAIN_SECONDS = 5.0
_LEEWAY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class MembershipClaim:
    """What a token says of one organization."""

    role: Role
    version: int


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a valid token speaks for."""

    user_id: UUID
    memberships: dict[UUID, MembershipClaim]
    expires_at: int


class TokenVerifier:
    """Checks tokens against a JWKS that is fetched when it is old, or when a key is not in it."""

    def __init__(self, jwks_url: str, inline: str | None = None) -> None:
        self._url = jwks_url
        self._keys: KeySet | None = KeySet.import_key_set(orjson.loads(inline)) if inline else None
        self._inline = inline is not None
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()
        self._verified: dict[str, Claims] = {}

    async def verify(self, token: str) -> Claims:
        """The claims of a valid token; anything else is ``Unauthorized``."""
        known = self._verified.get(token)
        if known is None:
            known = await self._check(token)
            if len(self._verified) > 10_000:  # noqa: PLR2004 - a bound on memory
                self._verified.clear()
            self._verified[token] = known
        if known.expires_at + _LEEWAY_SECONDS < now().timestamp():
            self._verified.pop(token, None)
            raise Unauthorized("The access token has expired; log in again or refresh it.")
        return known

    async def _check(self, token: str) -> Claims:
        try:
            keys = await self._key_set(max_age=_FRESH_SECONDS)
            try:
                decoded = jwt.decode(token, keys, algorithms=[ALGORITHM])
            except (JoseError, ValueError):
                # Perhaps signed by a key that was made since.
                decoded = jwt.decode(token, await self._key_set(max_age=_ASK_AGAIN_SECONDS), algorithms=[ALGORITHM])
            return _claims(decoded.claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unauthorized("The access token is not valid.") from error

    async def _key_set(self, max_age: float) -> KeySet:
        async with self._lock:
            if self._keys is None or (not self._inline and time.monotonic() - self._fetched > max_age):
                try:
                    self._keys = KeySet.import_key_set(orjson.loads(await self._fetch()))
                    self._fetched = time.monotonic()
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    if self._keys is None:
                        raise Unavailable("The keys that verify access tokens cannot be read now.") from error
            return self._keys

    async def _fetch(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as response:
            response.raise_for_status()
            return await response.read()


def _claims(raw: dict[str, Any]) -> Claims:
    audience = raw["aud"] if isinstance(raw["aud"], list) else [raw["aud"]]
    if raw["iss"] != ISSUER or AUDIENCE not in audience:
        raise ValueError("another issuer or audience")
    return Claims(
        user_id=UUID(raw["sub"]),
        memberships={
            UUID(item["organization_id"]): MembershipClaim(Role(item["role"]), int(item["version"]))
            for item in raw.get("memberships", [])
        },
        expires_at=int(raw["exp"]),
    )
