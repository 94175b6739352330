"""A replica that is stopped in the middle of its work ends at once, and leaves nothing half done."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.sync.variance.models import Variance
from shared.kernel.clock import today
from shared.kernel.periods import add_months
from tests.harness.house import House, Organization
from tests.service.sync.stories import a_house_with_sync, answer

pytestmark = pytest.mark.asyncio
ENDS_S = 30
"""At once, on a slow machine."""


async def test_stopped_in_the_middle_and_started_again(house: House):
    organization, venture = await a_house_with_sync(house)
    day = today("Asia/Kuala_Lumpur")
    await house.publish(
        venture.plan(target_mrr="1000", target_date=add_months(day, 6), baseline_value="10", baseline_date=day)
    )
    events = [venture.metric(day - timedelta(days=number), number) for number in range(300)]
    house.settings["batch_size"] = 5
    for turn in range(12):
        await house.publish(*events[turn * 25 : turn * 25 + 25])
        await asyncio.sleep(0.004 * turn)
        async with asyncio.timeout(ENDS_S):
            await house.stop("sync")
        await house.start("sync")
    # What was fetched and not acknowledged comes again after a minute; here it is simply told again.
    await house.publish(*events)
    await _until_compared(house, organization, len(events))
    found = (await answer(house, organization, f"/ventures/{venture.id}/variances?current=true"))["items"]
    assert [row["observed_on"] for row in found] == [day.isoformat()]


async def _until_compared(house: House, organization: Organization, count: int) -> None:
    for _attempt in range(2400):
        async with house.database("sync").transaction([organization.id]) as session:
            found = await session.scalar(select(func.count()).select_from(Variance))
        if found == count:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{found} of {count} days are compared")
