"""Telling a loop that there is work: in this process at once, in other replicas by a ping."""

import asyncio
import contextlib
from collections import defaultdict

from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.topology import WAKE_PREFIX

WAKES = "wakes"


def wake_after_commit(session: AsyncSession, name: str) -> None:
    """Let the loops of a name look for work once the caller's transaction is committed."""
    session.info.setdefault(WAKES, set()).add(name)


class Wakeups:
    """Named events that wake sleeping loops."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._client: Client | None = None
        self.elsewhere: set[str] = set()
        """Roles that run in another process: waking them takes a ping."""

    async def listen(self, client: Client) -> None:
        """Hear the pings of other replicas, and be able to send them."""
        self._client = client
        await client.subscribe(f"{WAKE_PREFIX}.{self._service}.*", cb=self._heard)

    async def _heard(self, message: Msg) -> None:
        self._events[message.subject.rpartition(".")[2]].set()

    def wake(self, name: str) -> None:
        """There is work for ``name``."""
        self._events[name].set()
        if name in self.elsewhere and self._client is not None and self._client.is_connected:
            # A ping may be lost: every loop also polls.
            task = asyncio.ensure_future(self._client.publish(f"{WAKE_PREFIX}.{self._service}.{name}", b""))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def wait(self, name: str, timeout: float) -> None:  # noqa: ASYNC109 - a poll interval, not a limit
        """Sleep until woken, at most ``timeout`` seconds."""
        event = self._events[name]
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the wake-up.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await event.wait()
        event.clear()
