"""What an operator asks alarms for: lag, a waiting outbox and dead letters are seen while they are there."""

import asyncio

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.platform.bus import consumer
from tests.harness.house import House
from tests.service.platform.recorder import alert, recording, titles_in
from tests.service.platform.test_relay import ventures, write

LIMIT_S = 90


async def gauge(house: House, name: str, stream: str = "") -> float:
    """A gauge of plans, as Prometheus reads it."""
    page = (await house.client("plans").get("/metrics")).text
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            if sample.name == name and sample.labels.get("stream", "") == stream:
                return sample.value
    return 0.0


async def reaches(house: House, expected: float, name: str, stream: str = "") -> None:
    found = None
    try:
        async with asyncio.timeout(LIMIT_S):
            while found != expected:
                await asyncio.sleep(0.05)
                found = await gauge(house, name, stream)
    except TimeoutError:
        raise AssertionError(f"{name} is {found}, not {expected}") from None


async def test_what_waits_is_seen_while_it_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "LOOK_SECONDS", 0.1)
    recorder, gate = await recording(house, monkeypatch), asyncio.Event()

    async def slow_and_particular(_session: object, batch: consumer.Batch) -> None:
        await gate.wait()
        if "poison" in titles_in(batch):
            raise ValueError("cannot be")

    recorder.trap = slow_and_particular
    house.settings["batch_size"] = 10
    org = await house.organization()
    await house.publish(*[alert(org.id, f"alert {number}") for number in range(29)], alert(org.id, "poison"))
    await house.start("plans", roles=("http", "consumers"))
    await reaches(house, 30, "trueup_consumer_lag", "SYNC")
    await reaches(house, 10, "trueup_consumer_unacknowledged", "SYNC")
    await write(house, ventures(org, 7))
    await reaches(house, 7, "trueup_outbox_events")
    assert await gauge(house, "trueup_outbox_age_seconds") > 0

    gate.set()
    await house.start("plans", roles=("relay",))
    await reaches(house, 0, "trueup_consumer_lag", "SYNC")
    await reaches(house, 0, "trueup_outbox_events")
    assert await gauge(house, "trueup_outbox_age_seconds") == 0
    assert await gauge(house, "trueup_dead_letters_open") == 1
    assert len(recorder.titles()) == 29
