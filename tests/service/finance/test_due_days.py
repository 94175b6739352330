import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.finance.metric.due import observe_due
from shared.contracts.finance import MetricKind
from shared.contracts.ingestion import SubscriptionDiscount
from shared.kernel.clock import now
from shared.kernel.periods import add_months, local_date
from tests.harness.house import House
from tests.service.finance.conftest import Finance
from tests.service.finance.facts import changed

VENTURE = UUID(int=5)


@pytest.fixture
async def waiting(house: House) -> Finance:
    """A finance whose worker of due days does not run by itself."""
    await house.start("finance", roles=("http", "consumers", "relay"))
    return Finance(house)


async def test_a_discount_that_ends_is_announced_when_the_day_comes(waiting: Finance, monkeypatch) -> None:
    acme = await waiting.house.organization(time_zone="UTC")
    moment = now()
    half = SubscriptionDiscount(
        discount_id="di",
        percent_off=Decimal(50),
        duration="repeating",
        start=moment - timedelta(days=1),
        end=moment + timedelta(days=10),
    )
    started = moment - timedelta(days=1)
    await waiting.tell(changed(acme.id, VENTURE, started.isoformat(), "100", discounts=(half,)))
    first, last = str(local_date(started, "UTC")), str(local_date(moment + timedelta(days=10), "UTC"))
    assert await waiting.announced() == {first: "50"}
    database = waiting.house.database("finance")
    assert await observe_due(database) == 0

    monkeypatch.setenv("TRUEUP_NOW_OFFSET", str(10 * 86400))
    # mrr, arr, customers; growth has no month before it
    assert await observe_due(database) == 3
    await waiting.house.settle()
    assert await waiting.announced() == {first: "50", last: "100"}
    assert await observe_due(database) == 0


async def test_growth_is_told_again_when_a_change_is_a_month_old(waiting: Finance, monkeypatch) -> None:
    acme = await waiting.house.organization(time_zone="UTC")
    moment = now()
    await waiting.tell(changed(acme.id, VENTURE, moment.isoformat(), "100"))
    monkeypatch.setenv("TRUEUP_NOW_OFFSET", str(32 * 86400))
    await observe_due(waiting.house.database("finance"))
    await waiting.house.settle()
    later = add_months(local_date(moment, "UTC"), 1)
    assert await waiting.announced(MetricKind.GROWTH_RATE) == {str(later): "0"}


async def test_two_workers_announce_once(waiting: Finance, monkeypatch) -> None:

    organizations = [await waiting.house.organization(time_zone="UTC", slug=f"o{number}") for number in range(3)]
    moment = now()
    for organization in organizations:
        facts = [
            changed(organization.id, UUID(int=place), moment.isoformat(), subscription_id=f"sub_{place}")
            for place in range(1, 6)
        ]
        await waiting.tell(*facts)
    monkeypatch.setenv("TRUEUP_NOW_OFFSET", str(32 * 86400))
    database = waiting.house.database("finance")
    assert sum(await asyncio.gather(*(observe_due(database) for _ in range(4)))) == 15
