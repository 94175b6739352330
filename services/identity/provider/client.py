"""Asking a provider: its discovery document, its keys, and a token for a code."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import aiohttp
import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

from services.identity.provider import rules
from services.identity.provider.settings import ProviderSettings
from shared.kernel.errors import Unavailable

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_FRESH_SECONDS = 3600.0
_LARGEST_ANSWER = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Found:
    document: dict[str, Any]
    until: float


class ProviderClient:
    """One provider, over HTTP."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._found: _Found | None = None
        self._lock = asyncio.Lock()

    async def authorization_endpoint(self) -> str:
        """Where browsers go."""
        return str((await self._discover())["authorization_endpoint"])

    async def person(self, code: str, *, verifier: str, redirect_uri: str, nonce: str, now: datetime) -> rules.Person:
        """Trade a code for an ID token and check it.

        Raises:
            rules.NotBelieved: The code or the token is not right.
            Unavailable: The provider does not answer.
        """
        document = await self._discover()
        settings = self.settings
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": settings.client_id,
            "client_secret": settings.client_secret.get_secret_value(),
            "code_verifier": verifier,
        }
        answer = await self._ask("POST", str(document["token_endpoint"]), data=form)
        published = cast("KeySetSerialization", await self._ask("GET", str(document["jwks_uri"])))
        try:
            keys = KeySet.import_key_set(published)
            token = jwt.decode(str(answer["id_token"]), keys, algorithms=list(rules.ALGORITHMS))
        except (JoseError, KeyError, ValueError) as error:
            raise rules.NotBelieved("its ID token is not signed by it") from error
        return rules.person_of(token.claims, issuer=settings.issuer, client_id=settings.client_id, nonce=nonce, now=now)

    async def _discover(self) -> dict[str, Any]:
        async with self._lock:
            if self._found is None or time.monotonic() > self._found.until:
                url = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                document = await self._ask("GET", url)
                if document.get("issuer") != self.settings.issuer:
                    raise Unavailable("The provider's discovery document is of another issuer.")
                self._found = _Found(document, time.monotonic() + _FRESH_SECONDS)
            return self._found.document

    async def _ask(self, method: str, url: str, **options: Any) -> dict[str, Any]:
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.request(method, url, allow_redirects=False, **options) as answer,
            ):
                body = orjson.loads(await answer.content.read(_LARGEST_ANSWER))
                refused = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unavailable("The login provider does not answer; try again.", retry_after_seconds=5) from error
        if method == "POST" and 400 <= refused < 500:  # noqa: PLR2004 - the client's mistake, says HTTP
            raise rules.NotBelieved("the provider does not take the code")
        if refused != 200 or not isinstance(body, dict):  # noqa: PLR2004 - OK
            raise Unavailable("The login provider does not answer; try again.", retry_after_seconds=5)
        return body
