"""The end of a local day: a quiet venture has its observations too, and they follow what they were carried from."""

import asyncio
from datetime import date, timedelta

import pytest

from shared.contracts.finance import MetricCreated
from shared.kernel.clock import now, today
from tests.harness.house import SETTLE_S, House
from tests.service.finance.facts import changed, venture_created


@pytest.fixture
async def company(house: House):
    await house.start("finance")
    organization = await house.organization(time_zone="UTC")
    venture = venture_created(organization.id)
    await house.publish(venture)
    await house.settle()
    return organization, venture.venture_id


async def ended(house: House, organization, slot: date) -> dict:
    """End the day before a slot by hand; gives what the run did."""
    client = house.client("finance", organization)
    started = await client.post("/finance/jobs/end_of_day/runs", json={"slot": str(slot)})
    assert started.status_code == 202, started.text
    async with asyncio.timeout(SETTLE_S):
        while True:
            run = (await client.get(f"/finance/job-runs/{started.json()['id']}")).json()
            if run["state"] in ("done", "failed"):
                assert run["error"] is None
                await house.settle()
                return run["counts"]
            await asyncio.sleep(0.02)


async def _told(house: House, metric: str) -> dict:
    """The newest event of each day: (value, carried from, withdrawn)."""
    events = [event for event in await house.events("FINANCE", MetricCreated) if event.metric == metric]
    newest = {}
    for event in sorted(events, key=lambda event: event.revision):
        newest[event.observed_on] = (int(event.value), event.carried_from, event.withdrawn)
    return newest


async def test_calculated_figures_are_carried_forward_and_follow_the_past(house: House, company, monkeypatch):
    organization, venture = company
    start = today("UTC")
    await house.publish(changed(organization.id, venture, now().isoformat(), "100"))
    await house.settle()
    assert (await ended(house, organization, start))["calculated"] == 0, "yesterday there was nothing"
    days = [start + timedelta(days=ahead) for ahead in range(4)]
    for day in days[1:]:
        monkeypatch.setenv("TRUEUP_NOW_OFFSET", str((day - start).days * 86400))
        counts = await ended(house, organization, day)
    assert counts == {"ventures": 1, "calculated": 3, "entered": 0}, "mrr, arr, customers; growth has no month before"
    carried = dict.fromkeys(days[1:3], (100, start, False))
    assert await _told(house, "mrr") == {start: (100, None, False), **carried}
    again = await ended(house, organization, days[3])
    assert again["calculated"] == 0, "a day ends once"

    # Stripe tells late that the subscription was raised on the second day: what was carried since follows.
    moment = now() - timedelta(days=2)
    await house.publish(changed(organization.id, venture, moment.isoformat(), "150", revision=2))
    await house.settle()
    assert await _told(house, "mrr") == {
        start: (100, None, False),
        days[1]: (150, None, False),
        days[2]: (150, days[1], False),
    }


async def test_entered_figures_are_carried_and_corrections_reach_them(house: House, company):
    organization, venture = company
    client = house.client("finance", organization)
    path = f"/ventures/{venture}/metrics"
    end = today("UTC")
    first, middle = end - timedelta(days=3), end - timedelta(days=2)
    entered = {"metric": "cac", "observed_on": str(first), "value": "40"}
    assert (await client.post(path, json=entered)).status_code in (200, 201)
    override = {**entered, "metric": "ltv", "source": "override", "note": "audited"}
    assert (await client.post(path, json=override)).status_code in (200, 201)
    for slot in (middle, middle + timedelta(days=1), end):
        counts = await ended(house, organization, slot)
    # The first slot ends the day of the entry itself: nothing to carry.
    assert counts == {"ventures": 1, "calculated": 0, "entered": 1}
    last = end - timedelta(days=1)
    assert await _told(house, "cac") == {
        first: (40, None, False),
        middle: (40, first, False),
        last: (40, first, False),
    }
    assert set(await _told(house, "ltv")) == {first}, "an override is of its day alone"

    await client.post(path, json={**entered, "value": "44"})
    await client.post(path, json={**entered, "observed_on": str(middle), "value": "50"})
    await house.settle()
    assert await _told(house, "cac") == {
        first: (44, None, False),
        middle: (50, None, False),
        last: (50, middle, False),
    }
    shown = (await client.get(f"{path}?metric=cac")).json()["items"]
    assert {row["observed_on"]: row["carried_from"] for row in shown}[str(last)] == str(middle)
    for day in (middle, first):
        assert (await client.delete(f"{path}/cac/{day}?source=manual")).status_code in (200, 204)
    await house.settle()
    assert {withdrawn for _value, _from, withdrawn in (await _told(house, "cac")).values()} == {True}
