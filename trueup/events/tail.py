"""Watching events: first what is stored, in the order of its time, then what comes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg

from trueup.events.reading import StreamReader
from trueup.events.subjects import filters_by_stream
from trueup.local import LocalError


async def tail(
    client: Client, pattern: str, *, since: datetime | None = None, everything: bool = False, follow: bool = True
) -> AsyncIterator[Msg]:
    """Messages whose subject fits a pattern: from now on, since an instant, or everything."""
    wanted = filters_by_stream(pattern)
    if not wanted:
        raise LocalError(f"no event has a subject like {pattern!r}; see: python -m trueup events types")
    start = 1 if everything or since is not None else None
    readers = [
        await StreamReader(client, stream, filters).open(start=start, since=None if everything else since)
        for stream, filters in wanted.items()
    ]
    try:
        async for message in _stored(readers):
            yield message
        if follow:
            async for message in _coming(readers):
                yield message
    finally:
        for reader in readers:
            await reader.close()


async def _stored(readers: list[StreamReader]) -> AsyncIterator[Msg]:
    """What the streams held when they were opened, merged by time."""
    ahead: list[tuple[StreamReader, list[Msg], int]] = [(reader, [], reader.pending) for reader in readers]
    while True:
        filled = []
        for reader, messages, left in ahead:
            if left > 0:
                known = messages or list(reversed(await reader.fetch()))
                filled.append((reader, known, left))
        ahead = [entry for entry in filled if entry[1]]
        if not ahead:
            return
        index = min(range(len(ahead)), key=lambda number: ahead[number][1][-1].metadata.timestamp)
        reader, messages, left = ahead[index]
        yield messages.pop()
        ahead[index] = (reader, messages, left - 1)


async def _coming(readers: list[StreamReader]) -> AsyncIterator[Msg]:
    """What arrives from now on, as it arrives."""
    arrived: asyncio.Queue[Msg] = asyncio.Queue(maxsize=1000)

    async def listen(reader: StreamReader) -> None:
        while True:
            for message in await reader.fetch():
                await arrived.put(message)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(reader)) for reader in readers]
        try:
            while True:
                yield await arrived.get()
        finally:
            for task in tasks:
                task.cancel()
