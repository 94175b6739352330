"""What every NATS user may do, tried on a running server."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import nats
import orjson

from shared.contracts import EVENT_TYPES
from shared.contracts.topology import inbox_prefix

LIMIT_S = 90.0


async def everybody_has_their_rights_and_no_more(url: str, passwords: Mapping[str, str]) -> None:
    """Each user enters with its own password only, and only an event's owner publishes it."""
    for user, password in passwords.items():
        own = [name for name, event in sorted(EVENT_TYPES.items()) if event.owner == user]
        foreign = next(name for name, event in sorted(EVENT_TYPES.items()) if event.owner != user)
        refusal = await _refusal(url, user, password, own[:1], f"{foreign}.x")
        assert (refusal is None) == (user == "operator")
        assert refusal is None or f'permissions violation for publish to "{foreign}.x"' in refusal.lower()
    assert "Authorization Violation" in await greeting(url, "sync", passwords["plans"])
    assert "PONG" in await greeting(url, "sync", passwords["sync"])


async def greeting(url: str, user: str, password: str) -> str:
    """What the server answers to somebody who enters (nats-py leaves its socket open when it is refused)."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        await reader.readline()
        writer.write(b"CONNECT %b\r\nPING\r\n" % orjson.dumps({"user": user, "pass": password, "verbose": False}))
        answer = "PING"
        while answer.startswith("PING"):  # the server wants to know whether we are there, while it makes up its mind
            answer = (await asyncio.wait_for(reader.readline(), LIMIT_S)).decode()
        return answer
    finally:
        writer.close()
        await writer.wait_closed()


async def _refusal(url: str, user: str, password: str, own: Sequence[str], foreign: str) -> str | None:
    """What the server objects to first when a user publishes events of its own, then one of another's."""
    objections: asyncio.Queue[str] = asyncio.Queue()

    async def objected(error: Exception) -> None:
        objections.put_nowait(str(error))

    client = await nats.connect(
        url, user=user, password=password, error_cb=objected, inbox_prefix=inbox_prefix(user).encode()
    )
    try:
        for subject in (*(f"{name}.x" for name in own), foreign):
            await client.publish(subject, b"{}")
        await client.flush()
        if user == "operator":  # who may do everything
            return None if objections.empty() else objections.get_nowait()
        return await asyncio.wait_for(objections.get(), LIMIT_S)
    finally:
        await client.close()
