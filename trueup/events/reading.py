"""Reading a stream in its order, without touching any durable.

An ephemeral pull consumer that acknowledges nothing: the server forgets it, and no service notices. A gap in the
delivery count (a connection that broke) starts a new one after the last message that arrived.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.client import JetStreamContext

T = TypeVar("T")

FETCH = 500
IDLE_SECONDS = 300.0


@dataclass(slots=True)
class StreamReader:
    """Messages of one stream, in stream order."""

    client: Client
    stream: str
    filters: Sequence[str] = ()
    name: str = ""
    pending: int = 0
    """How many messages were waiting when it was opened."""
    last: int = 0
    """The stream sequence of the newest message that was read."""
    _expected: int = 1
    _pull: JetStreamContext.PullSubscription | None = None

    async def open(self, *, start: int | None = 1, since: datetime | None = None) -> Self:
        """Begin at a stream sequence, at an instant, or (``start`` None) with what comes from now on."""
        policy = DeliverPolicy.NEW if start is None else DeliverPolicy.BY_START_SEQUENCE
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            deliver_policy=policy,
            opt_start_seq=start,
            inactive_threshold=IDLE_SECONDS,
            filter_subjects=list(self.filters) or None,
            mem_storage=True,
            num_replicas=1,
        )
        if since is not None:
            config.deliver_policy, config.opt_start_seq = DeliverPolicy.BY_START_TIME, None
            config.opt_start_time = since.astimezone(UTC).isoformat().replace("+00:00", "Z")  # type: ignore[assignment] # nats-py sends what it gets, and the server wants text
        context = self.client.jetstream(timeout=10)
        info = await self.client.jsm(timeout=10).add_consumer(self.stream, config)
        self.name, self.pending, self._expected = info.name, info.num_pending or 0, 1
        self._pull = await context.pull_subscribe_bind(consumer=info.name, stream=self.stream)
        return self

    async def fetch(self, timeout: float = 5.0, limit: int = FETCH) -> list[Msg]:  # noqa: ASYNC109 - how long to listen, not a limit
        """The next messages; none when nothing came in time."""
        assert self._pull is not None, "open it first"
        try:
            messages = await self._pull.fetch(limit, timeout=timeout)
        except TimeoutError:
            return []
        for index, message in enumerate(messages):
            if message.metadata.sequence.consumer != self._expected:
                # What was lost on the way is delivered again to a new consumer.
                await self.open(start=self.last + 1)
                return messages[:index]
            self._expected += 1
            self.last = message.metadata.sequence.stream
        return messages

    async def close(self) -> None:
        """Let the server forget this reader."""
        await self.client.jsm().delete_consumer(self.stream, self.name)


async def last_sequence(client: Client, stream: str) -> int:
    """The sequence of the newest message of a stream (0: none)."""
    return int((await client.jsm(timeout=10).stream_info(stream)).state.last_seq)


async def read_until(
    client: Client, stream: str, last: int, *, start: int = 1, filters: Sequence[str] = (), batch: int = FETCH
) -> AsyncIterator[list[Msg]]:
    """Every message of a stream from ``start`` up to the sequence ``last``, in batches.

    While the caller works on one batch, the next one comes.
    """
    if last < start:
        return
    reader = await StreamReader(client, stream, filters).open(start=start)
    left = reader.pending
    coming = asyncio.create_task(reader.fetch(limit=batch))
    try:
        while left > 0:
            messages = await coming
            left -= len(messages)
            at_end = reader.last >= last or (not messages and await _nothing_left(reader))
            if left > 0 and not at_end:
                coming = asyncio.create_task(reader.fetch(limit=batch))
            wanted = [message for message in messages if message.metadata.sequence.stream <= last]
            if wanted:
                yield wanted
            if at_end:
                return
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await reader.close()


async def one_ahead(items: AsyncIterator[T]) -> AsyncIterator[T]:
    """The same items; while the caller works on one, the next is made."""
    coming = asyncio.ensure_future(anext(items, None))
    try:
        while (item := await coming) is not None:
            coming = asyncio.ensure_future(anext(items, None))
            yield item
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


async def _nothing_left(reader: StreamReader) -> bool:
    info = await reader.client.jsm(timeout=10).consumer_info(reader.stream, reader.name)
    return not info.num_pending
