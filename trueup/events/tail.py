"""Watching events: first what is stored, in the order of its time, then what comes."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg

from trueup.events.reading import StreamReader
from trueup.events.subjects import filters_by_stream
from trueup.local import LocalError

Show = Callable[[Msg], bool]
"""Shows a message; False: that was enough."""


async def tail(
    client: Client,
    pattern: str,
    show: Show,
    *,
    since: datetime | None = None,
    everything: bool = False,
    follow: bool = True,
) -> None:
    """Show messages whose subject fits a pattern: from now on, since an instant, or everything."""
    wanted = filters_by_stream(pattern)
    if not wanted:
        raise LocalError(f"no event has a subject like {pattern!r}; see: python -m trueup events types")
    start = 1 if everything or since is not None else None
    readers = [
        await StreamReader(client, stream, filters).open(start=start, since=None if everything else since)
        for stream, filters in wanted.items()
    ]
    try:
        if await _show_stored(readers, show) and follow:
            await _show_coming(readers, show)
    finally:
        for reader in readers:
            await reader.close()


async def _show_stored(readers: list[StreamReader], show: Show) -> bool:
    """Show what the streams held when they were opened, merged by time; whether to go on."""
    ahead: list[tuple[StreamReader, list[Msg], int]] = [(reader, [], reader.pending) for reader in readers]
    while True:
        filled = []
        for reader, messages, left in ahead:
            if left > 0:
                filled.append((reader, messages or list(reversed(await reader.fetch())), left))
        ahead = [entry for entry in filled if entry[1]]
        if not ahead:
            return True
        index = min(range(len(ahead)), key=lambda number: ahead[number][1][-1].metadata.timestamp)
        reader, messages, left = ahead[index]
        if not show(messages.pop()):
            return False
        ahead[index] = (reader, messages, left - 1)


async def _show_coming(readers: list[StreamReader], show: Show) -> None:
    """Show what arrives from now on, as it arrives."""
    enough = asyncio.Event()

    async def listen(reader: StreamReader) -> None:
        while not enough.is_set():
            for message in await reader.fetch():
                if enough.is_set() or not show(message):
                    enough.set()
                    return

    tasks = [asyncio.create_task(listen(reader)) for reader in readers]
    over = asyncio.create_task(enough.wait())
    try:
        # A listener ends early only by an error: it is raised here.
        done, _ = await asyncio.wait([over, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in (over, *tasks):
            task.cancel()
        await asyncio.gather(over, *tasks, return_exceptions=True)
