"""What the machine itself can do: the measure for everything else."""

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable
from functools import partial
from time import monotonic
from typing import Any

import psutil
import psycopg
from nats.js.api import StorageType, StreamConfig

from trueup.access import bus

CONNECTIONS = 32
WINDOW = 256
PAYLOAD = b"x" * 512
STREAM, SUBJECT = "BENCH", "bench.limit"


def machine() -> dict[str, Any]:
    """What it ran on."""
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


async def commits_per_second(operator_url: str, seconds: float) -> float:
    """Single-row commits of 32 psycopg connections, as fast as they go (a table of its own, dropped afterwards)."""
    async with await psycopg.AsyncConnection.connect(operator_url, autocommit=True) as owner:
        await owner.execute("CREATE SCHEMA IF NOT EXISTS bench")
        await owner.execute(
            "CREATE TABLE IF NOT EXISTS bench.commits (id bigint GENERATED ALWAYS AS IDENTITY, body text)"
        )
        connections = [await psycopg.AsyncConnection.connect(operator_url, autocommit=True) for _ in range(CONNECTIONS)]
        try:
            statement, body = "INSERT INTO bench.commits (body) VALUES (%s)", [PAYLOAD.decode()]
            return await _rate([partial(it.execute, statement, body) for it in connections], seconds)
        finally:
            for connection in connections:
                await connection.close()
            await owner.execute("DROP SCHEMA bench CASCADE")


async def publishes_per_second(seconds: float) -> float:
    """Acknowledged JetStream publishes into a stream on disk, up to 256 under way (deleted afterwards)."""
    async with bus() as client:
        stream = client.jetstream()
        await stream.add_stream(StreamConfig(name=STREAM, subjects=[SUBJECT], storage=StorageType.FILE))
        try:
            return await _rate([lambda: stream.publish(SUBJECT, PAYLOAD, timeout=10)] * WINDOW, seconds)
        finally:
            await stream.delete_stream(STREAM)


async def _rate(workers: list[Callable[[], Awaitable[Any]]], seconds: float) -> float:
    """How often a second all workers together did their work."""
    begin = monotonic()

    async def repeat(work: Callable[[], Awaitable[Any]]) -> int:
        done = 0
        while monotonic() < begin + seconds:
            await work()
            done += 1
        return done

    counts = await asyncio.gather(*(repeat(work) for work in workers))
    return sum(counts) / (monotonic() - begin)
