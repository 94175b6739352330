"""Handing a request to one replica of a service, and its answer back."""

import itertools
from collections.abc import Iterable, Sequence

import aiohttp
from multidict import CIMultiDict
from prometheus_client import Counter, Histogram
from starlette.types import Receive, Scope, Send
from yarl import URL

from services.gateway.settings import GatewaySettings
from shared.platform.service import KEEP_ALIVE_S

REQUESTS = Counter("trueup_gateway_requests_total", "Requests handed over", ["service", "status"])
SECONDS = Histogram("trueup_gateway_seconds", "Time until the service's answer began", ["service"])

CONNECT_SECONDS = 2.0

# RFC 9110, section 7.6.1: these belong to one connection and are never passed on.
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer upgrade transfer-encoding "
    b"host content-length expect".split()
)


class ServiceAwayError(Exception):
    """No replica of the service took the request."""


class ServiceBusyError(Exception):
    """So many requests wait for the service already that another one would only wait longer."""


class AnswerLostError(Exception):
    """A replica took the request and did not answer in time; whether it acted is not known."""


class Forwarder:
    """An HTTP client of all services, with the replicas of each taken in turn."""

    def __init__(self, addresses: dict[str, Sequence[str]], settings: GatewaySettings) -> None:
        self._replicas = {name: itertools.cycle(list(urls)) for name, urls in addresses.items()}
        self._counts = {name: len(urls) for name, urls in addresses.items()}
        self._waiting = dict.fromkeys(addresses, 0)
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    @property
    def services(self) -> Iterable[str]:
        """The services that can be reached."""
        return self._counts

    async def open(self) -> None:
        """Start the client (inside the running loop)."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S - 15),
            timeout=aiohttp.ClientTimeout(total=self._settings.answer_seconds, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def is_ready(self, service: str) -> bool:
        """Whether a replica of the service says that it is ready."""
        assert self._session is not None
        try:
            async with self._session.get(next(self._replicas[service]) + "/readyz") as answer:
                return answer.status == 200  # noqa: PLR2004 - OK
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def forward(self, service: str, scope: Scope, body: bytes, send: Send, request_id: str) -> None:
        """Send the request on and stream the answer back, if not too many wait for the service already.

        Raises:
            ServiceBusyError: Nothing was sent.
            ServiceAwayError: Nothing was taken.
            AnswerLostError: The answer did not begin in time.
        """
        if self._waiting[service] >= self._settings.requests_at_once * self._counts[service]:
            raise ServiceBusyError(service)
        self._waiting[service] += 1
        try:
            await self._forward(service, scope, body, send, request_id)
        finally:
            self._waiting[service] -= 1

    async def _forward(self, service: str, scope: Scope, body: bytes, send: Send, request_id: str) -> None:
        """Ask one replica after the other until one takes the request.

        A replica that refuses the connection has seen nothing of the request, so the next one is asked;
        what was sent once is never sent again.
        """
        assert self._session is not None
        headers = _request_headers(scope, request_id)
        target = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace").partition("?")[0]
        query = scope["query_string"].decode("latin-1")
        for _ in range(self._counts[service]):
            address = URL(next(self._replicas[service]) + target + (f"?{query}" if query else ""), encoded=True)
            try:
                with SECONDS.labels(service).time():
                    answer = await self._session.request(
                        scope["method"], address, headers=headers, data=body or None, allow_redirects=False
                    )
            except aiohttp.ClientConnectorError:
                continue
            except (aiohttp.ClientError, TimeoutError) as error:
                raise AnswerLostError(service) from error
            async with answer:
                REQUESTS.labels(service, str(answer.status)).inc()
                await _relay(answer, send, request_id)
            return
        raise ServiceAwayError(service)


def _request_headers(scope: Scope, request_id: str) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in scope["headers"]:
        if name.lower() not in _HOP_BY_HOP and name.lower() != b"x-forwarded-for":
            headers.add(name.decode("latin-1"), value.decode("latin-1"))
    client = scope.get("client")
    headers["X-Forwarded-For"] = client[0] if client else "unknown"
    headers["X-Request-Id"] = request_id
    return headers


async def _relay(answer: aiohttp.ClientResponse, send: Send, request_id: str) -> None:
    headers = [
        (name.lower(), value)
        for name, value in answer.raw_headers
        if name.lower() not in _HOP_BY_HOP or name.lower() == b"content-length"
    ]
    headers.append((b"x-request-id", request_id.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    ended = False
    while not ended:
        chunk = await answer.content.readany()
        ended = answer.content.at_eof()
        await send({"type": "http.response.body", "body": chunk, "more_body": not ended})


class BodyTooLargeError(Exception):
    """The request's body is over the limit."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body, or ``BodyTooLargeError`` as soon as it is over the limit."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLargeError
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
