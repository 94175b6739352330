"""The fetch loop: a batch of a stream's messages is one transaction, acknowledged after its commit.

What fails is tried alone: a poison event delays nobody. A database that is away is waited for, and never
counts as a failure. After six failures alone, or at once when it cannot be decoded, a message goes to the
dead letters.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError
from prometheus_client import Counter, Gauge, Histogram

from shared.contracts.event import Event
from shared.kernel.clock import now
from shared.platform.bus import dead_letters, inbox
from shared.platform.bus.envelope import UndecodableError, decode
from shared.platform.bus.subscription import LONGEST_REST_SECONDS, Batch, Subscription
from shared.platform.bus.topology import ACK_WAIT_SECONDS
from shared.platform.bus.trace import set_traceparent
from shared.platform.cancelling import end_if_cancelled
from shared.platform.db.edges import TAKEOVER_LOCK, Database
from shared.platform.db.outage import is_outage
from shared.platform.failpoints import failpoint
from shared.platform.telemetry.applied import note_applied
from shared.platform.telemetry.messages import handling

log = structlog.get_logger()

FETCH_SECONDS = 5.0
HEARTBEAT_SECONDS = ACK_WAIT_SECONDS / 4
ALONE_FROM_DELIVERY = 3
MAX_ATTEMPTS = 6
LONGEST_DELAY_SECONDS = 600.0
STALLED_SECONDS = 60.0
LOOK_SECONDS = 5.0

HANDLED = Counter("trueup_events_handled_total", "Events applied", ["type"])
DEAD = Counter("trueup_dead_letters_total", "Messages given up", ["stream"])
FAILED = Counter("trueup_event_failures_total", "Failures of single messages", ["stream"])
BATCH_SECONDS = Histogram("trueup_batch_seconds", "Handling of one batch", ["stream"])
BATCH_EVENTS = Histogram(
    "trueup_batch_events", "Events of one batch", ["stream"], buckets=(1, 5, 20, 50, 100, 250, 500)
)
LAG = Gauge("trueup_consumer_lag", "Messages not yet delivered or acknowledged", ["stream"])
UNACKNOWLEDGED = Gauge("trueup_consumer_unacknowledged", "Messages delivered and not yet acknowledged", ["stream"])


class StalledError(RuntimeError):
    """Messages wait, nobody works on any, and none arrives here: this process's way to the stream is broken."""


@dataclass(slots=True)
class Received:
    """A message and the event in it."""

    message: Msg
    event: Event


class Consumer:
    """Reads one stream for one service, through its durable."""

    def __init__(
        self,
        service: str,
        subscription: Subscription,
        database: Database,
        client: Client,
        *,
        batch_size: int = 500,
        retry_seconds: float = 1.0,
    ) -> None:
        self._service = service
        self._subscription = subscription
        self._database = database
        self._client = client
        self._batch_size = batch_size
        self._retry_seconds = retry_seconds
        self._stream = subscription.stream
        self._moved = time.monotonic()

    async def run(self) -> None:
        """Consume for ever. Ends (with an error) only when the durable is gone or nothing moves."""
        context = self._client.jetstream(timeout=5)
        pull = await context.pull_subscribe_bind(durable=self._service, stream=self._stream)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_lag(context))
            tasks.create_task(self._fetch(pull))

    async def _fetch(self, pull: JetStreamContext.PullSubscription) -> None:
        answered = time.monotonic()
        while True:
            end_if_cancelled()
            try:
                messages = await pull.fetch(self._batch_size, timeout=FETCH_SECONDS)
            except TimeoutError:
                answered = time.monotonic()
                continue
            except nats.errors.Error as error:
                # A server that restarts answers in several ways; what counts is whether it comes back.
                if time.monotonic() - answered > STALLED_SECONDS and self._client.is_connected:
                    raise
                log.warning("consumer.waiting", stream=self._stream, reason=repr(error))
                await asyncio.sleep(0.5)
                continue
            answered = self._moved = time.monotonic()
            await failpoint("consumer.after_claim")
            await self.handle(messages)
            if self._subscription.rest and len(messages) < self._batch_size:
                took = time.monotonic() - answered
                await asyncio.sleep(min(took * self._subscription.rest, LONGEST_REST_SECONDS))

    async def _watch_lag(self, context: JetStreamContext) -> None:
        """Keep the lag metric; a durable that was deleted ends the process (it never comes back)."""
        while True:
            try:
                info = await context.consumer_info(self._stream, self._service)
                LAG.labels(self._stream).set((info.num_pending or 0) + (info.num_ack_pending or 0))
                UNACKNOWLEDGED.labels(self._stream).set(info.num_ack_pending or 0)
                self._end_if_stalled(waiting=info.num_pending or 0, in_hands=info.num_ack_pending or 0)
            except NotFoundError:
                log.exception("consumer.durable_gone", stream=self._stream)
                raise
            except (nats.errors.Error, TimeoutError):
                pass
            end_if_cancelled()
            await asyncio.sleep(LOOK_SECONDS)

    def _end_if_stalled(self, *, waiting: int, in_hands: int) -> None:
        """A subscription can fall silent while the connection looks well; a new process gets a new one."""
        if not waiting or in_hands:
            self._moved = time.monotonic()
        elif time.monotonic() - self._moved > STALLED_SECONDS:
            raise StalledError(f"{waiting} messages of {self._stream} wait and none arrives")

    async def handle(self, messages: list[Msg]) -> None:
        """Apply fetched messages and acknowledge each when its effect is committed."""
        started = time.monotonic()
        pending = {message.metadata.sequence.stream: message for message in messages}
        try:
            with self._heartbeat(pending):
                together, alone = await self._decode(messages, pending)
                for group in ([together] if together else []) + [[received] for received in alone]:
                    await self._apply_group(group, pending)
        except asyncio.CancelledError:
            await self._hand_back(pending)
            raise
        BATCH_SECONDS.labels(self._stream).observe(time.monotonic() - started)
        BATCH_EVENTS.labels(self._stream).observe(len(messages))

    async def _decode(self, messages: list[Msg], pending: dict[int, Msg]) -> tuple[list[Received], list[Received]]:
        """Sort messages into those to apply together and those to apply alone; settle all others."""
        together: list[Received] = []
        alone: list[Received] = []
        for message in messages:
            try:
                event = decode(message.headers, message.data, self._subscription.wanted)
            except UndecodableError as error:
                await self._give_up(message, error, attempts=1)
                pending.pop(message.metadata.sequence.stream, None)
                continue
            if event is None:
                await message.ack()
                pending.pop(message.metadata.sequence.stream, None)
                continue
            often = message.metadata.num_delivered >= ALONE_FROM_DELIVERY
            (alone if often else together).append(Received(message, event))
        return together, alone

    async def _apply_group(self, group: list[Received], pending: dict[int, Msg]) -> None:
        try:
            events = [received.event for received in group]
            with handling(self._stream, events):
                await self._apply_through_outages(events)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its event's failure
            if len(group) > 1:
                log.warning("consumer.split", stream=self._stream, events=len(group), reason=repr(error))
                for received in group:
                    await self._apply_group([received], pending)
                return
            await self._fail(group[0], error)
            pending.pop(group[0].message.metadata.sequence.stream, None)
            return
        await failpoint("consumer.after_commit")
        for received in group:
            await received.message.ack()
            HANDLED.labels(received.event.event_type).inc()
            pending.pop(received.message.metadata.sequence.stream, None)
        await failpoint("consumer.after_ack")

    async def _apply_through_outages(self, events: list[Event]) -> None:
        """Apply in one transaction; deadlocks and outages are tried again for as long as they last."""
        delay = 0.02
        while True:
            try:
                await apply(self._database, self._subscription, events)
            except Exception as error:
                end_if_cancelled()
                if not is_outage(error):
                    raise
                log.warning("consumer.outage", stream=self._stream, reason=repr(error))
                await asyncio.sleep(delay * (1 + random.random()))  # noqa: S311 - jitter
                delay = min(delay * 2, 2.0)
            else:
                return

    async def _fail(self, received: Received, error: Exception) -> None:
        """Count a failure alone: again later, or to the dead letters."""
        FAILED.labels(self._stream).inc()
        message = received.message
        async with self._database.transaction() as session:
            attempts = await dead_letters.count_failure(session, self._stream, message, error)
        log.warning("consumer.failed", stream=self._stream, attempts=attempts, reason=repr(error))
        if attempts >= MAX_ATTEMPTS:
            await self._give_up(message, error, attempts)
            return
        await message.nak(delay=min(self._retry_seconds * 2 ** (attempts - 1), LONGEST_DELAY_SECONDS))

    async def _give_up(self, message: Msg, error: Exception, attempts: int) -> None:
        async with self._database.transaction() as session:
            await dead_letters.bury(session, self._stream, message, error=error, attempts=attempts, died_at=now())
        await message.ack()
        DEAD.labels(self._stream).inc()
        log.error("consumer.dead_letter", stream=self._stream, subject=message.subject, reason=repr(error))

    async def _hand_back(self, pending: dict[int, Msg]) -> None:
        """This replica stops in the middle of its work: another one need not wait until ``ack_wait`` is over."""
        for message in pending.values():
            with contextlib.suppress(nats.errors.Error):
                await message.nak()

    @contextlib.contextmanager
    def _heartbeat(self, pending: dict[int, Msg]) -> Iterator[None]:
        """Tell the server that work goes on, so that slow batches are not delivered again."""

        async def beat() -> None:
            while True:
                await asyncio.sleep(HEARTBEAT_SECONDS)
                for message in list(pending.values()):
                    with contextlib.suppress(nats.errors.Error):
                        await message.in_progress()

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()


async def apply(
    database: Database,
    subscription: Subscription,
    events: list[Event],
    *,
    bypass_inbox: bool = False,
    shared_lock: int | None = TAKEOVER_LOCK,
) -> None:
    """Apply events in one transaction: inbox, effects, outbox.

    ``bypass_inbox`` is for replays; only a rebuild, which takes the lock itself, does without ``shared_lock``.
    """
    organizations = {event.organization_id for event in events}
    async with database.transaction(organizations, shared_lock=shared_lock) as session:
        fresh = events if bypass_inbox else await inbox.claim(session, events)
        if fresh:
            set_traceparent(fresh[-1].delivery.traceparent)
            await subscription.handle(session, Batch(fresh))
        await failpoint("consumer.before_commit")
    note_applied(subscription.stream, events, fresh)
