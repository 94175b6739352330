"""Streams and durables are declared once: the operator's command makes and mends them, no service can."""

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError

from shared.contracts.topology import CONSUMES, stream_subjects
from shared.platform.bus import topology
from shared.platform.bus.connection import connect
from tests.harness.engines import NATS_PASSWORD
from tests.harness.house import House
from tests.service.platform.recorder import alert


async def applied(house: House) -> list[topology.Change]:
    return await topology.apply(house.nats_url, "operator", NATS_PASSWORD)


async def test_a_second_time_there_is_nothing_to_do(house: House) -> None:
    assert await applied(house) == []


async def test_what_was_lost_or_changed_by_hand_is_mended_and_named(house: House) -> None:
    manager = house.operator.jsm()
    config: ConsumerConfig = (await manager.consumer_info("SYNC", "plans")).config
    await manager.add_consumer("SYNC", config.evolve(ack_wait=1, max_deliver=3))
    await manager.delete_consumer("FINANCE", "sync")
    await manager.delete_stream("REPORTING" if "REPORTING" in stream_subjects() else topology.ADVISORIES)
    changes = {(change.what, change.name) for change in await applied(house)}
    assert {("durable updated", "SYNC/plans"), ("durable created", "FINANCE/sync")} < changes
    assert any(what == "stream created" for what, _ in changes)
    mended = (await manager.consumer_info("SYNC", "plans")).config
    assert (mended.ack_wait, mended.max_deliver) == (topology.ACK_WAIT_SECONDS, topology.MAX_DELIVER)
    assert await applied(house) == []


async def test_a_service_is_delivered_what_it_handles_and_nothing_else(house: House) -> None:
    async def waiting(stream: str, service: str) -> int:
        return (await house.operator.jsm().consumer_info(stream, service)).num_pending or 0

    org = await house.organization()
    await house.publish(alert(org.id, "nothing that plans handles"))
    assert (await house.operator.jsm().stream_info("SYNC")).state.messages == 1
    assert (await waiting("SYNC", "reporting"), await waiting("SYNC", "plans")) == (1, 0)
    assert await waiting("IDENTITY", "plans") == 1


async def test_a_durable_of_an_earlier_release_that_delivers_everything_is_narrowed(house: House) -> None:
    manager = house.operator.jsm()
    config: ConsumerConfig = (await manager.consumer_info("SYNC", "plans")).config
    await manager.add_consumer("SYNC", config.evolve(filter_subjects=None))
    assert [(change.what, change.name) for change in await applied(house)] == [("durable updated", "SYNC/plans")]
    narrowed = (await manager.consumer_info("SYNC", "plans")).config
    assert narrowed.filter_subjects == [
        *("custom_variance.computed.*", "review.completed.*", "targets.proposed.*", "variance.computed.*")
    ]


async def test_streams_keep_everything_on_disk(house: House) -> None:
    for name in stream_subjects():
        config: StreamConfig = (await house.operator.jsm().stream_info(name)).config
        assert (config.storage, config.retention) == (StorageType.FILE, RetentionPolicy.LIMITS)
        assert (config.max_age or 0, config.max_msgs or -1, config.max_bytes or -1) == (0, -1, -1)
        assert (config.duplicate_window or 0) >= 600
        assert config.allow_atomic


async def publish_of_another(client: Client) -> None:
    await client.jetstream(timeout=1).publish("plan.updated.x", b"{}")


async def make_a_stream(client: Client) -> None:
    await client.jsm(timeout=1).add_stream(StreamConfig(name="MINE", subjects=["mine.*"]))


async def change_its_own_stream(client: Client) -> None:
    await client.jsm(timeout=1).update_stream(StreamConfig(name="FINANCE", subjects=["metric.created.*"]))


async def make_a_durable(client: Client) -> None:
    await client.jsm(timeout=1).add_consumer("INGESTION", ConsumerConfig(durable_name="finance2"))


async def delete_its_durable(client: Client) -> None:
    await client.jsm(timeout=1).delete_consumer("INGESTION", "finance")


async def read_through_anothers_durable(client: Client) -> None:
    pull = await client.jetstream(timeout=1).pull_subscribe_bind(durable="sync", stream="PLANS")
    await pull.fetch(1, timeout=1)


@pytest.mark.parametrize(
    "forbidden",
    [
        *(publish_of_another, make_a_stream, change_its_own_stream, make_a_durable, delete_its_durable),
        read_through_anothers_durable,
    ],
)
async def test_a_service_may_not(house: House, forbidden: Callable[[Client], Awaitable[None]]) -> None:
    await house.organization()  # something to read
    client = await connect(house.nats_url, "finance", NATS_PASSWORD, on_closed=expected)
    try:
        with pytest.raises((TimeoutError, nats.errors.Error, APIError)):
            await forbidden(client)
    finally:
        await client.close()
    assert await applied(house) == []
    assert (await house.operator.jsm().stream_info("PLANS")).state.messages == 0


async def test_a_message_whose_deliveries_are_used_up_is_noticed(house: House) -> None:
    """The fuse behind our own dead letters: the server tells, and a stream of its own keeps it."""
    manager = house.operator.jsm()
    config: ConsumerConfig = (await manager.consumer_info("IDENTITY", "sync")).config
    await manager.add_consumer("IDENTITY", config.evolve(max_deliver=1))
    await house.organization()
    pull = await house.operator.jetstream().pull_subscribe_bind(durable="sync", stream="IDENTITY")
    (message,) = await pull.fetch(1, timeout=60)
    await message.nak()
    async with asyncio.timeout(90):
        while not (await manager.stream_info(topology.ADVISORIES)).state.messages:
            with pytest.raises(TimeoutError):
                await pull.fetch(1, timeout=0.2)
    kept = await manager.get_msg(topology.ADVISORIES, seq=1)
    assert kept.subject == "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.IDENTITY.sync"
    assert "IDENTITY" in CONSUMES["sync"]


async def expected() -> None:
    """Closing is wanted."""
