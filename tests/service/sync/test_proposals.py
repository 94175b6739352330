"""Targets are proposed after three months off the path, withdrawn when that is over, and never applied."""

import asyncio
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from shared.contracts.sync import ProposalStatus, TargetsProposed
from shared.kernel.clock import now, today
from shared.kernel.periods import add_months, month_end, month_start
from tests.harness.house import SETTLE_S, House
from tests.service.sync.stories import a_house_with_sync

pytestmark = pytest.mark.usefixtures("mid_day")

ZONE = "Asia/Kuala_Lumpur"


async def _reviewed(client) -> int:
    """Review the newest ended month by hand; gives how many proposals changed."""
    run = (await client.post("/sync/jobs/monthly_review/runs")).json()
    async with asyncio.timeout(SETTLE_S):
        while run["state"] not in ("done", "failed"):
            await asyncio.sleep(0.02)
            run = (await client.get(f"/sync/job-runs/{run['id']}")).json()
    assert run["error"] is None
    proposals: int = run["counts"]["proposals"]
    return proposals


async def test_three_months_off_the_path(house: House):
    organization, venture = await a_house_with_sync(house)
    client = house.client("sync", organization)
    ends = [month_end(add_months(month_start(today(ZONE)), -back)) for back in range(5, 0, -1)]
    targets = {
        "target_mrr": "100000",
        "target_date": month_end(add_months(month_start(today(ZONE)), 7)),
        "baseline_value": "10000",
        "baseline_date": ends[0],
    }
    saved_at = datetime.combine(ends[0], time(4), UTC)
    await house.publish(venture.plan(saved_at=saved_at, **targets), venture.metric(ends[0], "10000"))
    for day, value in zip(ends[1:4], ("10500", "11025", "11576.25"), strict=True):
        await house.publish(venture.metric(day, value))
    await house.settle()
    assert await _reviewed(client) == 0, "two months more than 15 % off and one without an actual are not three"

    await house.publish(venture.metric(ends[4], "12155.0625"))
    await house.settle()
    assert [await _reviewed(client), await _reviewed(client)] == [1, 0], "the same is not proposed twice"
    await house.settle()
    (proposed,) = await house.events("SYNC", TargetsProposed)
    assert (proposed.version, proposed.plan_version, proposed.status) == (1, 1, ProposalStatus.OPEN)
    assert (proposed.targets.target_mrr, proposed.targets.baseline_value, proposed.targets.baseline_date) == (
        Decimal("17958.56"),
        Decimal("12155.062500"),
        ends[4],
    )
    assert proposed.months == tuple(f"{day:%Y-%m}" for day in ends[2:])

    # An actual that comes late puts the last month back on its path: the proposal no longer stands.
    await house.publish(venture.metric(ends[4], "21000", revision=2))
    await house.settle()
    assert await _reviewed(client) == 1
    await house.publish(venture.metric(ends[4], "12155.0625", revision=3))
    await house.settle()
    assert await _reviewed(client) == 1
    # Somebody has changed the plan meanwhile: nothing is left to propose.
    await house.publish(venture.plan(2, saved_at=now(), financial=True, **targets | {"target_mrr": "20000"}))
    await house.settle()
    assert [await _reviewed(client), await _reviewed(client)] == [1, 0]
    await house.settle()
    told = await house.events("SYNC", TargetsProposed)
    assert {event.proposal_id for event in told} == {proposed.proposal_id}
    assert [event.status.value for event in told] == ["open", "withdrawn", "open", "withdrawn"]
