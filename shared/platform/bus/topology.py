"""Bringing JetStream to the declared streams and durables (the operator's job, never a service's)."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError, NotFoundError
from nats.js.manager import JetStreamManager

from shared.contracts.topology import CONSUMES, delivered_subjects, stream_subjects
from shared.platform.bus.connection import connect

ACK_WAIT_SECONDS = 20
"""How long what a killed replica had fetched waits for another. Batches that take longer say so (``in_progress``)
every quarter of it; a process that could not even do that is only a repetition, which the inbox passes over."""
MAX_DELIVER = 50
MAX_ACK_PENDING = 20_000
DUPLICATE_WINDOW_SECONDS = 600.0
ADVISORIES = "ADVISORIES"
COPIES_SECONDS = 60.0
_MORE_COPIES_THAN_ITS_STREAM = 10126


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that ``apply`` made or changed."""

    what: str
    name: str


def stream_config(name: str, subjects: list[str], replicas: int) -> StreamConfig:
    """A stream as it is to be: file storage, kept without limit, atomic batches."""
    return StreamConfig(
        name=name,
        subjects=subjects,
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        max_age=0,
        deny_delete=True,
        allow_atomic=True,
        allow_direct=True,
    )


def consumer_config(service: str, stream: str, replicas: int) -> ConsumerConfig:
    """A service's durable on a stream. No ``backoff``: the server would put it in the place of ``ack_wait``."""
    return ConsumerConfig(
        durable_name=service,
        filter_subjects=delivered_subjects(service, stream),
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_deliver=MAX_DELIVER,
        max_ack_pending=MAX_ACK_PENDING,
        num_replicas=replicas,
    )


async def apply(nats_url: str, user: str, password: str, *, replicas: int = 1) -> list[Change]:
    """Create or update every stream and durable; returns what was done."""
    client = await connect(nats_url, user, password, on_closed=_nothing)
    try:
        changes = [change async for change in _changes(client, replicas)]
    finally:
        await client.close()
    return changes


async def _nothing() -> None:
    """Closing is wanted here."""


async def _changes(client: Client, replicas: int) -> Any:
    manager = client.jsm(timeout=10)
    wanted = {name: stream_config(name, subjects, replicas) for name, subjects in stream_subjects().items()}
    wanted[ADVISORIES] = StreamConfig(
        name=ADVISORIES,
        subjects=["$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>"],
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=30 * 86400,
    )
    for name, config in wanted.items():
        try:
            existing = (await manager.stream_info(name)).config
        except NotFoundError:
            await manager.add_stream(config)
            yield Change("stream created", name)
        else:
            if sorted(existing.subjects or []) != sorted(config.subjects or []) or existing.num_replicas != replicas:
                await manager.update_stream(config)
                yield Change("stream updated", name)
    for service, streams in CONSUMES.items():
        for stream in streams:
            durable = consumer_config(service, stream, replicas)
            try:
                known = (await manager.consumer_info(stream, service)).config
            except NotFoundError:
                await _put_durable(manager, stream, durable)
                yield Change("durable created", f"{stream}/{service}")
            else:
                if _declared(known) != _declared(durable):
                    await _put_durable(manager, stream, durable)
                    yield Change("durable updated", f"{stream}/{service}")


async def _put_durable(manager: JetStreamManager, stream: str, durable: ConsumerConfig) -> None:
    """Make or change a durable; the copies of a stream that was given more of them come a moment later."""
    deadline = time.monotonic() + COPIES_SECONDS
    while True:
        try:
            await manager.add_consumer(stream, durable)
        except BadRequestError as error:
            if error.err_code != _MORE_COPIES_THAN_ITS_STREAM or time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.25)
        else:
            return


def _declared(config: ConsumerConfig) -> tuple[object, ...]:
    """What is ours to say about a durable; the server adds its own defaults."""
    subjects = sorted(config.filter_subjects or [config.filter_subject or ""])
    return subjects, config.ack_wait, config.max_deliver, config.max_ack_pending, config.num_replicas
