"""A way to the bus that is broken is left (a new process makes a new one); a bus that is only away is waited for."""

import asyncio
import os
import signal
import sys

import pytest
from nats.js.api import ConsumerConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from shared.platform.bus import consumer, relay
from tests.harness.engines import NATS_PASSWORD
from tests.harness.house import SETTLE_S, House
from tests.service.platform.recorder import Recorder, alert, recording
from tests.service.platform.test_relay import names, ventures, write
from trueup.engines.nats import NatsServer
from trueup.local import ROOT

LIMIT_S = 90


@pytest.fixture
async def recorder(house: House, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return await recording(house, monkeypatch)


async def end_of(house: House, stream: str) -> BaseException:
    """With what the consumer of a stream ends."""
    (task,) = [task for task in house.replicas["plans"][0].tasks if task.get_name() == f"consumer {stream}"]
    await asyncio.wait([task], timeout=LIMIT_S)
    error = task.exception()
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert error is not None
    return error


async def test_a_reader_of_a_deleted_durable_ends(
    house: House, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.1)
    await house.start("plans")
    await house.operator.jsm().delete_consumer("SYNC", "plans")
    assert isinstance(await end_of(house, "SYNC"), NotFoundError)


async def test_a_reader_whose_subscription_fell_silent_ends(
    house: House, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silence(*_given: object, **_options: object) -> None:
        await asyncio.sleep(0.05)
        raise TimeoutError

    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(consumer, "STALLED_SECONDS", 1.0)
    monkeypatch.setattr(JetStreamContext.PullSubscription, "fetch", silence)
    org = await house.organization()
    await house.start("plans")
    await house.publish(alert(org.id, "waits"))
    error = await end_of(house, "SYNC")
    assert isinstance(error, consumer.StalledError)
    assert "1 messages of SYNC wait" in str(error)


async def test_a_replica_that_stops_hands_back_what_it_works_on(house: House, recorder: Recorder) -> None:
    working, gate = asyncio.Event(), asyncio.Event()

    async def wait_at_the_gate(_session: object, _batch: object) -> None:
        working.set()
        await gate.wait()

    recorder.trap = wait_at_the_gate
    config: ConsumerConfig = (await house.operator.jsm().consumer_info("SYNC", "plans")).config
    await house.operator.jsm().add_consumer("SYNC", config.evolve(ack_wait=SETTLE_S * 10))
    org = await house.organization()
    await house.publish(*[alert(org.id, f"alert {number}") for number in range(30)])
    await house.start("plans")
    await asyncio.wait_for(working.wait(), LIMIT_S)
    await house.stop("plans")
    gate.set()
    await house.start("plans")
    await house.settle()  # not handed back they would come much later
    assert sorted(recorder.titles()) == sorted(f"alert {number}" for number in range(30))


async def test_a_bus_that_answers_nothing_is_waited_for(
    house: House, nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[relay.publish.__module__], "PUBLISH_TIMEOUT_SECONDS", 0.3)
    tried = asyncio.Event()
    publish = relay.publish

    async def watched(*given: object) -> None:
        try:
            await publish(*given)  # type: ignore[arg-type] # handed through
        except TimeoutError:
            tried.set()
            raise

    monkeypatch.setattr(relay, "publish", watched)
    org = await house.organization()
    await house.start("plans")
    await house.settle()
    assert nats.pid is not None
    os.kill(nats.pid, signal.SIGSTOP)
    try:
        await write(house, ventures(org, 30))
        await asyncio.wait_for(tried.wait(), LIMIT_S)
    finally:
        os.kill(nats.pid, signal.SIGCONT)
    await house.settle()
    # What the first try had sent arrives after all: the stream drops the second.
    assert await names(house) == [f"venture {number}" for number in range(30)]


async def test_a_process_whose_connection_is_closed_for_good_ends(house: House) -> None:
    program = (
        "import asyncio, sys\n"
        "from shared.platform.bus.connection import connect\n"
        "async def main():\n"
        "    client = await connect(*sys.argv[1:])\n"
        "    assert client.options['max_reconnect_attempts'] == -1\n"
        "    await client.close()\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    arguments = ("-c", program, house.nats_url, "plans", NATS_PASSWORD)
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    assert await asyncio.wait_for(process.wait(), LIMIT_S) == 70
