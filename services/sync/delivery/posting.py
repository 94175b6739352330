"""Posting one message: no redirection is followed, nothing inside is reached, no answer is waited for long.

A name is resolved once, and what is checked is the address that the socket then connects to: another answer of the
name's server a moment later changes nothing.
"""

import errno
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from services.sync.delivery.rules.address import Network, is_allowed

TIMEOUT = aiohttp.ClientTimeout(total=10, connect=5)
LONGEST_ANSWER = 4096
KEPT_ANSWER = 1000


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it: an answer, or why there is none."""

    duration_ms: int
    status_code: int | None = None
    answer: str | None = None
    error: str | None = None


class _Guard:
    """Makes the sockets of one request, to allowed addresses only."""

    def __init__(self, allowed: Sequence[Network], *, encrypted: bool) -> None:
        self._allowed = allowed
        self._only_allowed = not encrypted
        self.refused = False

    def __call__(self, info: Any) -> socket.socket:
        family, kind, protocol, _name, address = info
        if not is_allowed(str(address[0]), self._allowed, only_allowed=self._only_allowed):
            self.refused = True
            raise OSError(errno.EACCES, "this address is not posted to")
        return socket.socket(family, kind, protocol)


async def post(url: str, headers: Mapping[str, str], body: bytes, allowed: Sequence[Network]) -> Posted:
    """Post a message; whatever goes wrong is part of the answer."""
    guard = _Guard(allowed, encrypted=url.startswith("https:"))
    started = time.monotonic()

    def since() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        async with (
            aiohttp.TCPConnector(socket_factory=guard, use_dns_cache=False, force_close=True) as connector,
            aiohttp.ClientSession(
                connector=connector,
                timeout=TIMEOUT,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Trueup-Webhooks/1", "Accept-Encoding": "identity"},
            ) as http,
            http.post(url, data=body, headers=dict(headers), allow_redirects=False) as response,
        ):
            answer = await response.content.read(LONGEST_ANSWER)
            return Posted(since(), response.status, _shown(answer))
    except TimeoutError:
        return Posted(since(), error="timeout")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Posted(since(), error="address_not_allowed" if guard.refused else _kind(error))


def _shown(answer: bytes) -> str:
    """The beginning of an answer, as text that can be stored."""
    return answer.decode("utf-8", "replace").replace("\x00", "\ufffd")[:KEPT_ANSWER]


def _kind(error: Exception) -> str:
    """What went wrong, without what the other side said: no address of ours belongs into a tenant's log."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "name_not_found"
    if isinstance(error, aiohttp.ClientSSLError):
        return "certificate"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no_connection"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return "disconnected"
    return "no_http"
