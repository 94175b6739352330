"""A client may keep its connection for as long as clients do."""

import asyncio
from http.client import HTTPConnection
from urllib.parse import urlsplit

from shared.platform.service import KEEP_ALIVE_S
from tests.loop.system import System

PAUSE_S = 8
"""Longer than servers of this kind wait if they are not told to; shorter than we say we do."""


async def test_a_connection_that_was_idle_is_taken_up_again(system: System):
    assert PAUSE_S < KEEP_ALIVE_S
    connections = [HTTPConnection(urlsplit(system.url(service)).netloc, timeout=60) for service in ("gateway", "plans")]

    def ask(connection: HTTPConnection) -> int:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        return answer.status

    assert [await asyncio.to_thread(ask, connection) for connection in connections] == [200, 200]
    first = [connection.sock for connection in connections]
    await asyncio.sleep(PAUSE_S)
    assert [await asyncio.to_thread(ask, connection) for connection in connections] == [200, 200]
    assert [connection.sock for connection in connections] == first
    for connection in connections:
        connection.close()
