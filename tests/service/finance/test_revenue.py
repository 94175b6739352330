from uuid import UUID

import pytest

from shared.contracts.finance import MetricCreated, MetricKind
from tests.harness.house import House
from tests.service.finance.facts import at, changed

VENTURE = UUID(int=5)


@pytest.fixture
async def finance(house: House) -> House:
    await house.start("finance")
    return house


async def metrics(house: House, kind: MetricKind = MetricKind.MRR):
    """The newest revision of each day's figure, as sent, withdrawn ones left out."""
    newest = {}
    for event in await house.events("FINANCE", MetricCreated):
        known = newest.get((event.venture_id, event.metric, event.observed_on))
        if known is None or event.revision > known.revision:
            newest[event.venture_id, event.metric, event.observed_on] = event
    return {
        str(event.observed_on): str(event.value.normalize() + 0)
        for event in sorted(newest.values(), key=lambda event: event.observed_on)
        if event.metric is kind and not event.withdrawn
    }


async def test_a_subscription_becomes_dated_metrics(finance: House) -> None:
    acme = await finance.organization()
    await finance.publish(
        changed(acme.id, VENTURE, "2026-01-05T03:00"),
        changed(acme.id, VENTURE, "2026-02-10T03:00", "250"),
        changed(acme.id, VENTURE, "2026-02-10T18:00", "50", subscription_id="sub_2", customer_id="cus_2"),
    )
    await finance.settle()
    assert await metrics(finance) == {"2026-01-05": "100", "2026-02-10": "250", "2026-02-11": "300"}
    assert await metrics(finance, MetricKind.ARR) == {"2026-01-05": "1200", "2026-02-10": "3000", "2026-02-11": "3600"}
    assert await metrics(finance, MetricKind.CUSTOMERS) == {"2026-01-05": "1", "2026-02-10": "1", "2026-02-11": "2"}
    assert await metrics(finance, MetricKind.GROWTH_RATE) == {
        "2026-02-05": "0",
        "2026-02-10": "1.5",
        "2026-02-11": "2",
        "2026-03-10": "0.2",
        "2026-03-11": "0",
    }


async def test_facts_before_their_organization_are_derived_when_it_comes(finance: House) -> None:
    from tests.harness.house import Organization

    acme = Organization()
    await finance.publish(changed(acme.id, VENTURE, "2026-01-05T18:00"))
    await finance.settle()
    assert await metrics(finance) == {}
    await finance.publish(acme.created())
    await finance.settle()
    assert await metrics(finance) == {"2026-01-06": "100"}


async def test_a_correction_that_moves_the_venture_withdraws_the_old_figures(finance: House) -> None:
    acme = await finance.organization()
    first = changed(acme.id, None, "2026-01-05T03:00")
    await finance.publish(first)
    await finance.settle()
    assert await metrics(finance) == {}
    for revision, venture in ((2, VENTURE), (3, UUID(int=6))):
        await finance.publish(first.model_copy(update={"venture_id": venture, "revision": revision}))
        await finance.settle()
    events = [event for event in await finance.events("FINANCE", MetricCreated) if event.metric is MetricKind.MRR]
    assert [(event.venture_id.int, event.revision, event.withdrawn) for event in events] == [
        (5, 1, False),
        (5, 2, True),
        (6, 1, False),
    ]


async def test_repetition_says_nothing_again(finance: House) -> None:
    acme = await finance.organization()
    facts = [changed(acme.id, VENTURE, f"2026-01-{day:02}T03:00", str(day)) for day in range(1, 20)]
    await finance.publish(*facts)
    await finance.settle()
    said = len(await finance.events("FINANCE"))
    await finance.publish(*facts, *reversed(facts))
    await finance.settle()
    assert len(await finance.events("FINANCE")) == said


async def test_a_late_churn_takes_back_later_days(finance: House) -> None:
    acme = await finance.organization()
    await finance.publish(
        changed(acme.id, VENTURE, "2026-01-05T03:00"), changed(acme.id, VENTURE, "2026-03-10T03:00", "200")
    )
    await finance.settle()
    await finance.publish(
        changed(acme.id, VENTURE, "2026-03-12T03:00", status="canceled", ended_at=at("2026-03-01T03:00"))
    )
    await finance.settle()
    assert await metrics(finance) == {"2026-01-05": "100", "2026-03-01": "0"}
