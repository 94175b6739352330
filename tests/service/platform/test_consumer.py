import asyncio
import contextlib
from dataclasses import replace

import pytest
from nats.js.api import ConsumerConfig
from nats.js.client import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans import app
from shared.contracts.topology import CONSUMES
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.bus import consumer
from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.topology import ACK_WAIT_SECONDS
from tests.harness.house import House
from tests.service.platform.recorder import Recorder, alert, recording, titles_in

ACK_S = 4
"""Twenty heartbeats of the test may come late."""


@pytest.fixture
async def recorder(house: House, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return await recording(house, monkeypatch)


async def test_two_replicas_apply_each_event_once(house: House, recorder: Recorder) -> None:
    house.settings["batch_size"] = 25
    org = await house.organization()
    await house.start("plans", "plans")
    await house.publish(*[alert(org.id, f"alert {number}") for number in range(400)])
    await house.settle()
    assert sorted(recorder.titles()) == sorted(f"alert {number}" for number in range(400))


async def test_who_is_in_no_hurry_takes_at_once_what_came_during_a_pause(
    house: House, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[set[str]] = []

    async def note(_session: AsyncSession, batch: consumer.Batch) -> None:
        batches.append(titles_in(batch))

    recorder.trap = note
    (subscription,) = app.SERVICE.subscriptions
    monkeypatch.setattr(app, "SERVICE", replace(app.SERVICE, subscriptions=(replace(subscription, rest=10_000.0),)))
    monkeypatch.setattr(consumer, "LONGEST_REST_SECONDS", 6.0)
    org = await house.organization()
    await house.start("plans")
    await house.publish(alert(org.id, "first"))
    await house.settle()
    for number in range(4):
        await house.publish(alert(org.id, f"during the pause {number}"))
    await house.settle()
    assert batches == [{"first"}, {f"during the pause {number}" for number in range(4)}]


async def test_one_event_delivered_again_under_its_id_has_one_effect(house: House, recorder: Recorder) -> None:
    org = await house.organization()
    await house.start("plans")
    event = alert(org.id, "once")
    outgoing = OutgoingEvent(new_id(), org.id, event.event_type, 1, event.model_dump_json(), None, now())
    for _ in range(3):
        headers = outgoing.headers()
        del headers["Nats-Msg-Id"]  # so that the stream takes it again
        await house.operator.jetstream().publish(outgoing.subject, outgoing.payload.encode(), headers=headers)
    await house.settle()
    assert recorder.titles() == ["once"]


async def test_a_poison_event_delays_nobody(house: House, recorder: Recorder) -> None:
    async def refuse(_session: object, batch: consumer.Batch) -> None:
        if "poison" in titles_in(batch):
            raise ValueError("cannot be")

    recorder.trap = refuse
    org = await house.organization()
    await house.publish(*[alert(org.id, "poison" if number == 5 else f"alert {number}") for number in range(20)])
    await house.start("plans")
    await house.settle()
    assert len(recorder.titles()) == 19
    dead = recorder.rows("SELECT attempts, error_type, error, state, event_type FROM platform.dead_letters")
    assert dead == [(consumer.MAX_ATTEMPTS, "ValueError", "cannot be", "open", "alert.raised")]
    assert recorder.rows("SELECT count(*) FROM platform.retries") == [(0,)]


async def test_what_fails_twice_is_applied_at_the_third_try(house: House, recorder: Recorder) -> None:
    tries = 0

    async def fail_twice(_session: object, batch: consumer.Batch) -> None:
        nonlocal tries
        if "stumbles" in titles_in(batch):
            tries += len(batch.events) == 1
            if tries < 3:
                raise ValueError("not yet")

    recorder.trap = fail_twice
    org = await house.organization()
    await house.publish(*[alert(org.id, "stumbles" if number == 5 else f"alert {number}") for number in range(20)])
    await house.start("plans")
    await house.settle()
    assert (tries, len(recorder.titles()), recorder.titles().count("stumbles")) == (3, 20, 1)
    assert recorder.rows("SELECT count(*) FROM platform.dead_letters") == [(0,)]


@pytest.mark.parametrize(
    "headers",
    [
        {"ce-type": "alert.raised", "ce-id": "x", "ce-time": "2026-01-01T00:00:00+00:00"},
        {"ce-type": "alert.raised"},
        {},
        None,
    ],
    ids=["bad body", "no envelope", "no headers", "none at all"],
)
async def test_what_cannot_be_decoded_is_given_up_at_once(
    house: House, recorder: Recorder, headers: dict[str, str] | None
) -> None:
    org = await house.organization()
    await house.start("plans")
    await house.operator.jetstream().publish(f"alert.raised.{org.id}", b'{"broken', headers=headers)
    await house.publish(alert(org.id, "after it"))
    await house.settle()
    assert recorder.titles() == ["after it"]
    assert recorder.rows("SELECT attempts, error_type FROM platform.dead_letters") == [(1, "UndecodableError")]


async def test_an_event_of_an_unknown_type_is_passed_over(house: House, recorder: Recorder) -> None:
    org = await house.organization()
    await house.start("plans")
    await house.operator.jetstream().publish(f"alert.resolved.{org.id}", b"{}", headers={"ce-type": "alert.renamed"})
    await house.settle()
    assert recorder.rows("SELECT count(*) FROM platform.dead_letters") == [(0,)]


async def test_a_database_that_is_away_is_waited_for_and_never_counted(house: House, recorder: Recorder) -> None:
    failures = 0

    async def break_the_connection(session: AsyncSession, _batch: object) -> None:
        nonlocal failures
        if failures < consumer.MAX_ATTEMPTS + 2:
            failures += 1
            await session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    recorder.trap = break_the_connection
    org = await house.organization()
    await house.publish(alert(org.id, "through an outage"))
    await house.start("plans")
    await house.settle()
    assert failures == consumer.MAX_ATTEMPTS + 2
    assert recorder.titles() == ["through an outage"]
    assert recorder.rows("SELECT count(*) FROM platform.dead_letters") == [(0,)]


async def test_a_deadlock_is_tried_again(house: House, recorder: Recorder) -> None:
    tries = 0

    async def deadlock_once(session: AsyncSession, _batch: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            await session.execute(text("DO $$ BEGIN RAISE deadlock_detected; END $$"))

    recorder.trap = deadlock_once
    org = await house.organization()
    await house.publish(alert(org.id, "second try"))
    await house.start("plans")
    await house.settle()
    assert (tries, recorder.titles()) == (2, ["second try"])


async def test_two_replicas_that_deadlock_both_come_through(house: House, recorder: Recorder) -> None:
    """Each holds what the other wants: PostgreSQL ends one of them, and nobody counts that as a failure."""
    both = asyncio.Barrier(2)
    tries: list[str] = []

    async def take_in_opposite_order(session: AsyncSession, batch: consumer.Batch) -> None:
        first, second = ("a", "b") if titles_in(batch) == {"one"} else ("b", "a")
        tries.append(first)
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": first})
        if len(tries) <= 2:
            await both.wait()
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": second})

    recorder.trap = take_in_opposite_order
    house.settings["batch_size"] = 1
    org = await house.organization()
    await house.start("plans", "plans")
    await house.publish(alert(org.id, "one"), alert(org.id, "other"))
    await house.settle()
    assert sorted(recorder.titles()) == ["one", "other"]
    assert sorted(tries[:2]) == ["a", "b"]
    assert len(tries) == 3, "one was ended, and tried again"
    assert recorder.rows("SELECT count(*) FROM platform.retries") == [(0,)]
    assert recorder.rows("SELECT count(*) FROM platform.dead_letters") == [(0,)]


async def test_a_slow_batch_is_not_delivered_to_another_replica(
    house: House, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def take_long(_session: object, _batch: object) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(ACK_S * 1.5)

    recorder.trap = take_long
    monkeypatch.setattr(consumer, "HEARTBEAT_SECONDS", 0.2)
    info = await house.operator.jsm().consumer_info("SYNC", "plans")
    config: ConsumerConfig = info.config
    await house.operator.jsm().add_consumer("SYNC", config.evolve(ack_wait=ACK_S))
    org = await house.organization()
    await house.publish(alert(org.id, "slow"))
    await house.start("plans", "plans")
    await house.settle()
    assert (calls, recorder.titles()) == (1, ["slow"])


async def test_what_was_delivered_often_is_handled_alone(house: House, recorder: Recorder) -> None:
    """A message that kills its process is never counted as failed; at least it does not take others with it."""
    sizes: list[int] = []

    async def measure(_session: object, batch: consumer.Batch) -> None:
        sizes.append(len(batch.events))

    recorder.trap = measure
    info = await house.operator.jsm().consumer_info("SYNC", "plans")
    await house.operator.jsm().add_consumer("SYNC", info.config.evolve(ack_wait=1))
    org = await house.organization()
    await house.publish(*[alert(org.id, f"alert {number}") for number in range(5)])
    killed = await house.operator.jetstream().pull_subscribe_bind("plans", stream="SYNC")
    await fetch_all(killed, 5, consumer.ALONE_FROM_DELIVERY - 1)
    await killed.unsubscribe()
    await house.publish(alert(org.id, "new"))
    await house.start("plans")
    await house.settle()
    assert sorted(recorder.titles()) == ["alert 0", "alert 1", "alert 2", "alert 3", "alert 4", "new"]
    assert sizes == [1] * 6


async def fetch_all(subscription: JetStreamContext.PullSubscription, count: int, times: int) -> None:
    """Be delivered so many messages, each so many times at least, and acknowledge none."""
    delivered: dict[int, int] = {}
    while len(delivered) < count or min(delivered.values()) < times:
        with contextlib.suppress(TimeoutError):
            for message in await subscription.fetch(count, timeout=5):
                about = message.metadata
                delivered[about.sequence.stream] = about.num_delivered or 0


async def test_the_durables_keep_their_ack_wait(house: House) -> None:
    # A consumer `backoff` would silently replace it by its first step.
    for service, streams in CONSUMES.items():
        for stream in streams:
            config = (await house.operator.jsm().consumer_info(stream, service)).config
            assert (config.ack_wait, config.backoff) == (ACK_WAIT_SECONDS, None)
    assert consumer.HEARTBEAT_SECONDS * 3 < ACK_WAIT_SECONDS, "two heartbeats may get lost"
