"""What a server of the bus refuses leaves no socket open, however often it is tried."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from shared.platform.bus import connection
from shared.platform.bus.connection import connect
from tests.harness.engines import NATS_PASSWORD, nats_server
from trueup.demo.door import until
from trueup.engines.nats import NatsServer
from trueup.engines.ports import choose_port

ATTEMPTS = 4
Refusals = Callable[[], Awaitable[None]]


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing closes by itself."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> Refusals:
    """Wait for some more refusals."""
    told = asyncio.Semaphore(0)

    async def objected(error: Exception) -> None:
        if "authorization violation" in str(error).lower():
            told.release()

    async def several() -> None:
        for _ in range(ATTEMPTS):
            await asyncio.wait_for(told.acquire(), 30)

    monkeypatch.setattr(connection, "_error", objected)
    return several


def open_to(port: int) -> int:
    """How many connections of this process to a port are open on our side."""
    return sum(bool(one.raddr) and one.raddr.port == port for one in psutil.Process().net_connections("tcp"))


async def none_left(port: int) -> None:
    """A socket that was closed is gone once the loop has been round."""

    async def is_so() -> bool | None:
        return open_to(port) == 0 or None

    await until(is_so, "no connection")


async def test_who_gives_up_leaves_no_socket_open(uncollected: None) -> None:
    came, gone = asyncio.Event(), asyncio.Event()

    async def say_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        await gone.wait()
        writer.close()

    port = choose_port()
    async with await asyncio.start_server(say_nothing, "127.0.0.1", port):
        trying = asyncio.create_task(connect(f"nats://127.0.0.1:{port}", "plans", NATS_PASSWORD))
        await asyncio.wait_for(came.wait(), 30)
        trying.cancel()
        with suppress(asyncio.CancelledError):
            await trying
        await none_left(port)
        gone.set()


async def _closed() -> None:
    """Closing is wanted here."""


@asynccontextmanager
async def bus(folder: Path, port: int) -> AsyncIterator[NatsServer]:
    server = nats_server(folder, port)
    await asyncio.to_thread(server.start)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def test_who_is_refused_after_an_outage_leaves_no_socket_open(
    tmp_path: Path, refused: Refusals, uncollected: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = choose_port()
    async with bus(tmp_path / "one", port) as server:
        client = await connect(server.url, "plans", NATS_PASSWORD, on_closed=_closed)
    client.options["password"] = "changed"  # what the server knows is no longer what the service was told
    async with bus(tmp_path / "two", port):
        await refused()
        assert open_to(port) <= 1
        await client.close()
        await none_left(port)
