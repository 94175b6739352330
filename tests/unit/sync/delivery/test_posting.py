"""Posting to receivers that behave badly, each a real socket of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from services.sync.delivery import posting
from services.sync.delivery.posting import KEPT_ANSWER, post
from services.sync.delivery.rules.address import networks

HERE = networks("127.0.0.0/8")
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def badly(behave: Behave) -> AsyncIterator[str]:
    """A server that behaves so with each connection."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await behave(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def nonsense(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    await writer.drain()


async def nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
    while True:
        writer.write(b"no\x00" * 10_000)
        await writer.drain()


async def compressed(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00")
    await writer.drain()


@pytest.mark.parametrize(("behave", "error"), [(nonsense, "no_http"), (nothing, "disconnected"), (silence, "timeout")])
async def test_what_is_no_answer_is_named(behave: Behave, error: str, monkeypatch: pytest.MonkeyPatch):
    if behave is silence:
        monkeypatch.setattr(posting, "TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    async with badly(behave) as url:
        found = await post(url, {}, b"{}", HERE)
    assert (found.error, found.status_code, found.answer) == (error, None, None)
    assert found.duration_ms >= 0


async def test_nobody_listens():
    async with badly(nothing) as url:
        pass
    assert (await post(url, {}, b"{}", HERE)).error == "no_connection"


async def test_an_endless_answer_is_read_no_further_than_it_is_kept():
    async with badly(endless) as url:
        found = await post(url, {}, b"{}", HERE)
    assert found.status_code == 200
    assert len(found.answer or "") == KEPT_ANSWER
    assert "\x00" not in (found.answer or "")


async def test_nothing_is_unpacked():
    async with badly(compressed) as url:
        found = await post(url, {}, b"{}", HERE)
    assert found.status_code == 500
    assert found.answer == "\x1f\ufffd\x08\ufffd"


@pytest.mark.parametrize("allowed", ["", "10.0.0.0/8"])
async def test_the_inside_is_not_even_connected_to(allowed: str):
    connected = []

    async def note(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.append(1)

    async with badly(note) as url:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            found = await post(url.replace("127.0.0.1", host), {}, b"{}", networks(allowed))
            assert found.error == "address_not_allowed", host
    assert connected == []
