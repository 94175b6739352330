"""Every message of the streams a service reads, from the first, through its live handlers, the inbox bypassed.

Messages that wait in the dead letters, or were discarded from them, are passed over: they are an operator's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from sqlalchemy import select

from shared.contracts.event import Event
from shared.platform.bus.consumer import apply
from shared.platform.bus.dead_letters import describe
from shared.platform.bus.envelope import UndecodableError, decode
from shared.platform.bus.outbox import EMITTED
from shared.platform.bus.subscription import Subscription
from shared.platform.db.edges import TAKEOVER_LOCK, Database
from shared.platform.db.outage import is_outage
from shared.platform.db.platform_tables import DeadLetterRow
from shared.platform.garbage import collecting_seldom
from trueup.events.reading import last_sequence, one_ahead, read_until

ATTEMPTS_IN_AN_OUTAGE = 20
AT_A_STRETCH = 50
"""So many messages are decoded before what waits for the database has its turn."""


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    applied: int = 0
    passed_over: int = 0
    emitting_batches: int = 0
    """Transactions that wrote an event: 0 when nothing moved."""
    failures: list[str] = field(default_factory=list)


Settled = set[tuple[int, datetime | None]]
Progress = Callable[[str, int, int], None]
"""Hears the stream, the sequence reached, and the last one."""


def silent(_stream: str, _reached: int, _last: int) -> None:
    """Say nothing."""


class Redelivery:
    """Applies streams to one database through handlers."""

    def __init__(
        self, client: Client, database: Database, *, batch_size: int = 500, shared_lock: int | None = TAKEOVER_LOCK
    ) -> None:
        self._client = client
        self._shared_lock = shared_lock
        self._database = database
        self._batch_size = batch_size
        self.outcome = Outcome()
        database.after_commit.append(self._count_emission)

    def _count_emission(self, session: object) -> None:
        self.outcome.emitting_batches += bool(getattr(session, "info", {}).pop(EMITTED, False))

    async def through(
        self, subscription: Subscription, *, start: int = 1, last: int | None = None, progress: Progress = silent
    ) -> int:
        """Apply a stream from ``start`` up to ``last`` (now the newest); returns the sequence reached."""
        stream = subscription.stream
        end = last if last is not None else await last_sequence(self._client, stream)
        settled = await self._settled(stream)
        filters = [f"{event_type}.*" for event_type in sorted(subscription.wanted)]
        read = read_until(self._client, stream, end, start=start, filters=filters, batch=self._batch_size)
        with collecting_seldom():
            # While the database works on one batch, the next is decoded.
            async for events, reached in one_ahead(self._decoded(subscription, read, settled)):
                await self._apply(subscription, events)
                progress(stream, reached, end)
        progress(stream, end, end)
        return end

    async def _settled(self, stream: str) -> Settled:
        """Messages that are an operator's: open or discarded dead letters, by sequence and instant."""
        async with self._database.transaction() as session:
            statement = select(DeadLetterRow.stream_sequence, DeadLetterRow.published_at).where(
                DeadLetterRow.stream == stream, DeadLetterRow.state != "replayed"
            )
            return {(sequence, published_at) for sequence, published_at in await session.execute(statement)}

    async def _decoded(
        self, subscription: Subscription, batches: AsyncIterator[list[Msg]], settled: Settled
    ) -> AsyncIterator[tuple[list[Event], int]]:
        """The events of each batch, and the sequence that it reaches."""
        async for messages in batches:
            events: list[Event] = []
            for place in range(0, len(messages), AT_A_STRETCH):
                events += self._events(subscription, messages[place : place + AT_A_STRETCH], settled)
                await asyncio.sleep(0)
            yield events, messages[-1].metadata.sequence.stream

    def _events(self, subscription: Subscription, messages: Iterable[Msg], settled: Settled) -> list[Event]:
        events = []
        for message in messages:
            sequence = message.metadata.sequence.stream
            if settled and not settled.isdisjoint({(sequence, message.metadata.timestamp), (sequence, None)}):
                self.outcome.passed_over += 1
                continue
            try:
                event = decode(message.headers, message.data, subscription.wanted)
            except UndecodableError as error:
                self.outcome.failures.append(f"{subscription.stream} {sequence}: {error}")
                continue
            if event is not None:
                events.append(event)
        return events

    async def _apply(self, subscription: Subscription, events: list[Event]) -> None:
        if not events:
            return
        try:
            await self._through_outages(subscription, events)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its event's failure
            if len(events) > 1:
                for event in events:
                    await self._apply(subscription, [event])
                return
            identity = events[0].delivery.event_id
            self.outcome.failures.append(f"{subscription.stream} {identity}: {type(error).__name__}: {describe(error)}")
            return
        self.outcome.applied += len(events)

    async def _through_outages(self, subscription: Subscription, events: list[Event]) -> None:
        for attempt in range(ATTEMPTS_IN_AN_OUTAGE):
            try:
                await apply(self._database, subscription, events, bypass_inbox=True, shared_lock=self._shared_lock)
            except Exception as error:
                if not is_outage(error) or attempt == ATTEMPTS_IN_AN_OUTAGE - 1:
                    raise
                await asyncio.sleep(min(0.05 * 2**attempt, 2.0))
            else:
                return
