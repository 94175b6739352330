"""Connecting to NATS so that an outage is waited out, and an end is noticed."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog
from nats.aio.client import Client

from shared.contracts.topology import inbox_prefix
from shared.platform.bus.client import BusClient

log = structlog.get_logger()


async def exit_when_closed() -> None:
    """A closed connection never comes back: end the process, the supervisor starts a new one."""
    log.error("nats.closed")
    os._exit(70)


async def _reconnected() -> None:
    log.info("nats.reconnected")


async def _disconnected() -> None:
    log.warning("nats.disconnected")


async def _error(error: Exception) -> None:
    log.warning("nats.error", error=repr(error))


async def connect(
    url: str, user: str, password: str, *, on_closed: Callable[[], Awaitable[None]] = exit_when_closed
) -> Client:
    """A connection that reconnects for ever; ``url`` may list several servers, joined by commas."""
    client = BusClient()
    await client.connect(
        servers=url.split(","),
        user=user,
        password=password,
        name=f"trueup-{user}",
        inbox_prefix=inbox_prefix(user).encode(),
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.25,  # type: ignore[arg-type]  # declared in whole seconds, slept as given
        connect_timeout=5,
        ping_interval=10,
        max_outstanding_pings=2,
        closed_cb=on_closed,
        reconnected_cb=_reconnected,
        disconnected_cb=_disconnected,
        error_cb=_error,
        pending_size=32 * 1024 * 1024,
    )
    return client


@asynccontextmanager
async def connected(url: str, user: str, password: str) -> AsyncIterator[Client]:
    """A connection for as long as the block lasts; when it closes by itself, the process ends."""
    leaving = False

    async def closed() -> None:
        if not leaving:
            await exit_when_closed()

    client = await connect(url, user, password, on_closed=closed)
    try:
        yield client
    finally:
        leaving = True
        await client.close()
