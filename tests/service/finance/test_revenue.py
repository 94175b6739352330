from uuid import UUID

from shared.contracts.finance import MetricCreated, MetricKind
from tests.harness.house import Organization
from tests.service.finance.conftest import Finance
from tests.service.finance.facts import at, changed

VENTURE = UUID(int=5)


async def test_a_subscription_becomes_dated_metrics(finance: Finance) -> None:
    acme = await finance.house.organization()
    await finance.tell(
        changed(acme.id, VENTURE, "2026-01-05T03:00"),
        changed(acme.id, VENTURE, "2026-02-10T03:00", "250"),
        changed(acme.id, VENTURE, "2026-02-10T18:00", "50", subscription_id="sub_2", customer_id="cus_2"),
    )
    assert await finance.announced() == {"2026-01-05": "100", "2026-02-10": "250", "2026-02-11": "300"}
    assert await finance.announced(MetricKind.ARR) == {"2026-01-05": "1200", "2026-02-10": "3000", "2026-02-11": "3600"}
    assert await finance.announced(MetricKind.CUSTOMERS) == {"2026-01-05": "1", "2026-02-10": "1", "2026-02-11": "2"}
    assert await finance.announced(MetricKind.GROWTH_RATE) == {
        "2026-02-05": "0",
        "2026-02-10": "1.5",
        "2026-02-11": "2",
        "2026-03-10": "0.2",
        "2026-03-11": "0",
    }


async def test_facts_before_their_organization_are_derived_when_it_comes(finance: Finance) -> None:
    acme = Organization()
    await finance.tell(changed(acme.id, VENTURE, "2026-01-05T18:00"))
    assert await finance.announced() == {}
    await finance.tell(acme.created())
    assert await finance.announced() == {"2026-01-06": "100"}


async def test_a_correction_that_moves_the_venture_withdraws_the_old_figures(finance: Finance) -> None:
    acme = await finance.house.organization()
    first = changed(acme.id, None, "2026-01-05T03:00")
    await finance.tell(first)
    assert await finance.announced() == {}
    for revision, venture in ((2, VENTURE), (3, UUID(int=6))):
        await finance.tell(first.model_copy(update={"venture_id": venture, "revision": revision}))
    events = [event for event in await finance.house.events("FINANCE", MetricCreated) if event.metric is MetricKind.MRR]
    assert [(event.venture_id.int, event.revision, event.withdrawn) for event in events] == [
        (5, 1, False),
        (5, 2, True),
        (6, 1, False),
    ]


async def test_repetition_says_nothing_again(finance: Finance) -> None:
    acme = await finance.house.organization()
    facts = [changed(acme.id, VENTURE, f"2026-01-{day:02}T03:00", str(day)) for day in range(1, 20)]
    await finance.tell(*facts)
    said = len(await finance.house.events("FINANCE"))
    await finance.tell(*facts, *reversed(facts))
    assert len(await finance.house.events("FINANCE")) == said


async def test_a_late_churn_takes_back_later_days(finance: Finance) -> None:
    acme = await finance.house.organization()
    await finance.tell(
        changed(acme.id, VENTURE, "2026-01-05T03:00"), changed(acme.id, VENTURE, "2026-03-10T03:00", "200")
    )
    await finance.tell(
        changed(acme.id, VENTURE, "2026-03-12T03:00", status="canceled", ended_at=at("2026-03-01T03:00"))
    )
    assert await finance.announced() == {"2026-01-05": "100", "2026-03-01": "0"}
