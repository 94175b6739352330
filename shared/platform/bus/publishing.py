"""Publishing events to their stream, in order, so that it holds each of them once."""

import asyncio
from uuid import uuid4
from weakref import WeakKeyDictionary

import nats.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from prometheus_client import Counter

from shared.platform.bus.envelope import OutgoingEvent

log = structlog.get_logger()

BATCH = 1000
MAX_BATCH_BYTES = 8 * 1024 * 1024
ATOMIC_FROM = 24
"""From how many events on they go as one atomic batch: the server keeps one in a file of its own meanwhile, which
costs as much as 25 single publishes (6 ms, 7 ms of CPU)."""
PUBLISH_TIMEOUT_SECONDS = 10.0
_FAULT_OF_THE_SERVER = 500

FLUSHES = Counter("trueup_publish_flushes_total", "Publishes to JetStream (an atomic batch counts once)")


class RefusedError(RuntimeError):
    """The stream refuses one event for good (for instance: too large)."""

    def __init__(self, event: OutgoingEvent, reason: str) -> None:
        super().__init__(reason)
        self.event = event


class UnavailableError(nats.errors.Error):
    """The stream cannot take anything now (a cluster that elects a leader, a full disk): no fault of an event."""


async def publish(client: Client, events: list[OutgoingEvent]) -> None:
    """Publish events in order and wait until the stream has them all.

    Many of them become one atomic batch; if a part of it is known already (a relay died after its
    publish), each is published singly under its own message id, and the stream drops the repeats.
    """
    for start, end in _slices(events):
        part = events[start:end]
        if len(part) >= ATOMIC_FROM and await _publish_atomically(client, part):
            continue
        await _publish_singly(client, part)


def _slices(events: list[OutgoingEvent]) -> list[tuple[int, int]]:
    """Runs of events of at most ``MAX_BATCH_BYTES`` and ``BATCH`` events."""
    slices, start, size = [], 0, 0
    for index, event in enumerate(events):
        if index > start and (size + len(event.payload) > MAX_BATCH_BYTES or index - start >= BATCH):
            slices.append((start, index))
            start, size = index, 0
        size += len(event.payload)
    slices.append((start, len(events)))
    return slices


async def _publish_atomically(client: Client, events: list[OutgoingEvent]) -> bool:
    """One atomic batch (ADR-50). False when the stream refuses it as a whole."""
    batch = uuid4().hex
    last = len(events)
    for number, event in enumerate(events[:-1], start=1):
        headers = event.headers() | {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        await client.publish(event.subject, event.payload.encode(), headers=headers)
    headers = events[-1].headers() | {
        "Nats-Batch-Id": batch,
        "Nats-Batch-Sequence": str(last),
        "Nats-Batch-Commit": "1",
    }
    answer = await client.request(
        events[-1].subject, events[-1].payload.encode(), timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers
    )
    FLUSHES.inc()
    acknowledged = orjson.loads(answer.data)
    if "error" in acknowledged:
        log.info("relay.batch_refused", reason=acknowledged["error"].get("description"), events=last)
        return False
    return bool(acknowledged.get("count") == last)


async def _publish_singly(client: Client, events: list[OutgoingEvent]) -> None:
    """Each event by itself, still in order: sent in one go, then all acknowledgements awaited."""
    answers = await _answers_of(client)
    async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
        sent = [await answers.send(client, event) for event in events]
        for event, answer in zip(events, await asyncio.gather(*sent), strict=True):
            if (answer.headers or {}).get("Status") == "503":
                raise nats.errors.NoRespondersError
            error = orjson.loads(answer.data).get("error")
            if error and error.get("code", 0) >= _FAULT_OF_THE_SERVER:
                raise UnavailableError(f"{error.get('err_code')}: {error.get('description')}")
            if error:
                raise RefusedError(event, f"{error.get('err_code')}: {error.get('description')}")


class _Answers:
    """A client's inbox for what the streams answer to its publishes.

    Not by nats-py's ``publish_async``: its future never resolves when the stream refuses a message, and each
    context that uses it keeps a subscription for ever.
    """

    def __init__(self, client: Client) -> None:
        self._inbox = client.new_inbox()
        self._number = 0
        self._awaited: dict[str, asyncio.Future[Msg]] = {}

    async def listen(self, client: Client) -> None:
        await client.subscribe(f"{self._inbox}.*", cb=self._heard)

    async def _heard(self, answer: Msg) -> None:
        awaited = self._awaited.pop(answer.subject, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(answer)

    async def send(self, client: Client, event: OutgoingEvent) -> asyncio.Future[Msg]:
        """Publish an event; gives what will be the stream's answer."""
        self._number += 1
        reply = f"{self._inbox}.{self._number}"
        answer = self._awaited[reply] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda _done: self._awaited.pop(reply, None))
        await client.publish(event.subject, event.payload.encode(), reply=reply, headers=event.headers())
        FLUSHES.inc()
        return answer


_ANSWERS: WeakKeyDictionary[Client, _Answers] = WeakKeyDictionary()


async def _answers_of(client: Client) -> _Answers:
    known = _ANSWERS.get(client)
    if known is None:
        known = _Answers(client)
        await known.listen(client)
        _ANSWERS[client] = known
    return known
