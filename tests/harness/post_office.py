"""A server that takes letters over SMTP, of a test's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """Takes letters; the first one it refuses for now.

    It takes its time while ``open`` is not set. ``busy``: somebody has come with a letter.
    """

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.tried = 0
        self.port = 0
        self.busy, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        self.tried += 1
        self.busy.set()
        refused = self.tried == 1
        await self.open.wait()
        if refused:
            return "451 Try again later"
        self.envelopes.append(envelope)
        return "250 OK"


@asynccontextmanager
async def post_office(**options: Any) -> AsyncIterator[PostOffice]:
    """An office on a free port; ``options`` are the server's."""
    office = PostOffice()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(office, hostname="post.example", **options), "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    yield office
    office.open.set()
    server.close()
    await server.wait_closed()
