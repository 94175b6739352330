"""Verifying access tokens: Ed25519 JWTs, by the keys that identity publishes.

Keys are fetched when they are a minute old (in the background: an identity that is away delays nobody) and
when a token names a key that is not among them, so that a new key counts at once and a retired one no more
within a minute.
"""

import asyncio
import base64
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.contracts.identity import Role
from shared.kernel.clock import now
from shared.kernel.errors import Unauthorized, Unavailable

log = structlog.get_logger()

ISSUER = "trueup"
AUDIENCE = "trueup"
ALGORITHM = "Ed25519"
_FRESH_SECONDS = 60.0
_ASK_AGAIN_SECONDS = 1.0
_LEEWAY_SECONDS = 5
_CACHED_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class MembershipClaim:
    """What a token says of one organization. ``venture_ids`` None: all ventures."""

    role: Role
    version: int
    venture_ids: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Claims:
    """Who a valid token speaks for."""

    user_id: UUID
    memberships: dict[UUID, MembershipClaim]
    expires_at: int
    issued_at: float = 0.0
    session_id: UUID | None = None
    kid: str = ""


class TokenVerifier:
    """Checks tokens against a JWKS; ``inline`` is one that is never fetched (tests)."""

    def __init__(self, jwks_url: str, inline: str | None = None) -> None:
        self._url = jwks_url
        self._inline = inline is not None
        self._keys: dict[str, Any] = _by_kid(inline.encode()) if inline else {}
        self._fetched = float("-inf")
        self._asked = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None
        self._verified: dict[str, Claims] = {}

    async def verify(self, token: str) -> Claims:
        """The claims of a valid token; anything else is ``Unauthorized``."""
        self._refresh_when_old()
        known = self._verified.get(token)
        if known is None:
            known = await self._check(token)
            if len(self._verified) > _CACHED_TOKENS:
                self._verified.clear()
            self._verified[token] = known
        if known.kid not in self._keys:
            self._verified.pop(token, None)
            raise Unauthorized("The access token was signed by a key that counts no more; log in again.")
        if known.expires_at + _LEEWAY_SECONDS < now().timestamp():
            self._verified.pop(token, None)
            raise Unauthorized("The access token has expired; log in again or refresh it.")
        return known

    async def _check(self, token: str) -> Claims:
        try:
            kid = _key_id(token)
            if kid not in self._keys and not self._inline:
                await self._fetch_again()
            decoded = jwt.decode(token, self._keys[kid], algorithms=[ALGORITHM])
            return _claims(decoded.claims, kid)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unauthorized("The access token is not valid.") from error

    def _refresh_when_old(self) -> None:
        due = max(self._fetched + _FRESH_SECONDS, self._asked + _ASK_AGAIN_SECONDS)
        if self._inline or not self._keys or time.monotonic() < due:
            return
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            await self._fetch_again()
        except Unavailable as error:
            log.warning("jwks.stale", reason=repr(error.__cause__))

    async def _fetch_again(self) -> None:
        """Fetch the keys as they are after this call began; calls share a fetch, one begins a second at most."""
        began = time.monotonic()
        async with self._lock:
            if self._fetched >= began:
                return
            await asyncio.sleep(max(0.0, self._asked + _ASK_AGAIN_SECONDS - time.monotonic()))
            self._asked = time.monotonic()
            try:
                self._keys = _by_kid(await self._fetch())
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise Unavailable("The keys that verify access tokens cannot be read now.") from error
            self._fetched = self._asked

    async def _fetch(self) -> bytes:
        timeout = aiohttp.ClientTimeout(total=3)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._url) as response:
            response.raise_for_status()
            return await response.read()


def _by_kid(jwks: bytes) -> dict[str, Any]:
    keys = KeySet.import_key_set(orjson.loads(jwks)).keys
    return {key.kid: key for key in keys if isinstance(key, OKPKey) and key.kid}


def _key_id(token: str) -> str:
    """The ``kid`` in a token's header (which nothing has verified yet)."""
    header = token.partition(".")[0]
    kid = orjson.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]
    if not isinstance(kid, str):
        raise TypeError("a kid is text")
    return kid


def _claims(raw: dict[str, Any], kid: str) -> Claims:
    audience = raw["aud"] if isinstance(raw["aud"], list) else [raw["aud"]]
    if raw["iss"] != ISSUER or AUDIENCE not in audience:
        raise ValueError("another issuer or audience")
    return Claims(
        user_id=UUID(raw["sub"]),
        memberships={
            UUID(item["organization_id"]): MembershipClaim(
                Role(item["role"]), int(item["version"]), _ventures(item.get("venture_ids"))
            )
            for item in raw.get("memberships", [])
        },
        expires_at=int(raw["exp"]),
        issued_at=float(raw["iat"]),
        session_id=UUID(raw["sid"]) if raw.get("sid") else None,
        kid=kid,
    )


def _ventures(raw: list[str] | None) -> frozenset[UUID] | None:
    return None if raw is None else frozenset(UUID(venture) for venture in raw)
