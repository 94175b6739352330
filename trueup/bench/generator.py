"""The load generator: signed webhooks from many connections at once, in a process of its own.

Requests are made before the clock starts, and an answer is read no further than needed, so that on a machine
with few cores making load does not slow what is measured: ``Posted.cpu_us_each`` says what it cost.
"""

import asyncio
import multiprocessing
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from time import monotonic, process_time, time
from urllib.parse import urlsplit

from trueup.bench.percentiles import percentile
from trueup.stripe_double import sign

_OK = b"HTTP/1.1 200 "
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of posting: seconds in all, each answer's milliseconds, and the generator's own processor time."""

    seconds: float
    milliseconds: list[float] = field(repr=False)
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return len(self.milliseconds) / self.seconds

    @property
    def cpu_us_each(self) -> float:
        """The generator's microseconds of processor time per request."""
        return self.cpu_seconds / len(self.milliseconds) * 1e6

    def percentile(self, share: float) -> float:
        """A percentile of the answers' milliseconds."""
        return percentile(self.milliseconds, share)


def post_all(url: str, secret: str, bodies: Sequence[bytes], connections: int, per_second: float = 0) -> Posted:
    """Post every body once; with a rate, each at its due instant.

    Raises:
        RuntimeError: An answer was not 200, or a connection was closed.
    """
    now = int(time())
    return send_all(url, [_request(url, body, sign(body, secret, now)) for body in bodies], connections, per_second)


def send_all(url: str, requests: Sequence[bytes], connections: int, per_second: float = 0) -> Posted:
    """Send whole requests over some connections, one after the other on each, as fast as they are answered.

    With a rate each goes off at its due instant, whether or not the one before was answered, as long as a
    connection is free.
    """
    try:
        import uvloop  # noqa: PLC0415 - not on every platform

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        return runner.run(_send_all(url, requests, connections, per_second))


def _request(url: str, body: bytes, signature: str) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Stripe-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(url: str, token: str) -> bytes:
    """A whole GET request."""
    parts = urlsplit(url)
    return f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def _send_all(url: str, requests: Sequence[bytes], connections: int, per_second: float) -> Posted:
    loop = asyncio.get_running_loop()
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    queue: deque[tuple[float, bytes]] = deque()
    took: list[float] = []
    begun = [await loop.create_connection(lambda: _Connection(queue, took), host, port) for _ in range(connections)]
    begin, cpu = monotonic(), process_time()
    first = loop.time()
    queue.extend((first + number / per_second if per_second else 0.0, one) for number, one in enumerate(requests))
    for _, connection in begun:
        connection.next()
    try:
        await asyncio.gather(*(connection.done for _, connection in begun))
    finally:
        for transport, _ in begun:
            transport.close()
    return Posted(monotonic() - begin, took, process_time() - cpu)


class _Connection(asyncio.Protocol):
    """One keep-alive connection that takes its next request from the queue when the last is answered."""

    def __init__(self, queue: deque[tuple[float, bytes]], took: list[float]) -> None:
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._queue = queue
        self._took = took
        self._received = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def next(self) -> None:
        """Send the next request when it is due; done when there is none."""
        if not self._queue:
            self.done.set_result(None)
            return
        due, request = self._queue.popleft()
        if due > self._loop.time():
            self._loop.call_at(due, self._send, request)
        else:
            self._send(request)

    def _send(self, request: bytes) -> None:
        self._sent = monotonic()
        self._transport.write(request)  # type: ignore[attr-defined]  # a stream's transport can

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(_END_OF_HEAD)
        if head < 0:
            return
        if len(self._received) < head + len(_END_OF_HEAD) + _length(self._received[:head]):
            return
        if not self._received.startswith(_OK):
            self._fail(f"a request was answered: {self._received[:500].decode(errors='replace')}")
            return
        self._took.append((monotonic() - self._sent) * 1000)
        self._received = b""
        self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        self._fail("a connection was closed")

    def _fail(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(reason))


def _length(head: bytes) -> int:
    """The body's length; an answer without one (chunked) is not understood."""
    at = head.lower().find(_LENGTH)
    if at < 0:
        raise RuntimeError(f"an answer without length: {head[:500].decode(errors='replace')}")
    return int(head[at + len(_LENGTH) :].partition(b"\r")[0])


async def in_own_process(
    url: str, secret: str, bodies: Sequence[bytes], connections: int, per_second: float = 0
) -> Posted:
    """``post_all`` in a fresh interpreter."""
    loop = asyncio.get_running_loop()
    with _fresh_interpreter() as pool:
        return await loop.run_in_executor(pool, post_all, url, secret, bodies, connections, per_second)


async def send_in_own_process(url: str, requests: Sequence[bytes], connections: int) -> Posted:
    """``send_all`` in a fresh interpreter."""
    with _fresh_interpreter() as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, send_all, url, requests, connections)


def _fresh_interpreter() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
