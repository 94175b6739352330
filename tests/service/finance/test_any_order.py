"""Any order, any repetition, any cut into batches, two replicas: the same rows, which are the right ones."""

import asyncio
import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from services.finance.metric.models import Metric
from services.finance.operations import recompute
from services.finance.payment.models import MoneyFact
from services.finance.revenue.models import RevenueDayRow
from services.finance.subscription.models import Subscription, SubscriptionSpan
from services.finance.subscriptions import on_ingestion, on_organizations
from shared.contracts.event import Event
from shared.platform.bus.subscription import Batch
from shared.platform.db.edges import Database
from shared.platform.db.outage import is_outage
from shared.platform.tenancy.subscription import identity_subscription
from tests.harness.house import House, Organization
from tests.service.finance.facts import changed
from tests.service.finance.histories import DAYS, FIRST, VENTURES, ZONE, a_history, counted_from_scratch

IGNORED = {"organization_id", "revision", "recorded_at"}
TABLES = (Subscription, SubscriptionSpan, RevenueDayRow, Metric, MoneyFact)


@pytest.fixture
async def database(house: House) -> Database:
    await house.start("finance", roles=())
    return house.database("finance")


async def arrive(database: Database, organization: Organization) -> None:
    handle = identity_subscription(on_organizations).handle
    async with database.transaction([organization.id]) as session:
        await handle(session, Batch([organization.created()]))


async def apply(database: Database, organization: Organization, events: list[Event]) -> None:
    """One batch, as the fetch loop applies it: again after a deadlock."""
    own = [event.model_copy(update={"organization_id": organization.id}) for event in events]
    while True:
        try:
            async with database.transaction([organization.id]) as session:
                await on_ingestion(session, Batch(own))
        except Exception as error:
            if not is_outage(error):
                raise
        else:
            return


async def rows(database: Database, organization: Organization) -> dict[str, list[tuple]]:
    """Everything that was stored, without ids of the run and times of processing."""
    found = {}
    async with database.transaction([organization.id]) as session:
        for table in TABLES:
            columns = [column for column in table.__table__.c if column.name not in IGNORED]
            stored = (await session.execute(select(*columns))).all()
            found[table.__tablename__] = sorted(
                (tuple(row) for row in stored if not getattr(row, "withdrawn", False)), key=str
            )
    return found


def batches(events: list[Event], chance: random.Random) -> list[list[Event]]:
    """The events in any order, some of them twice, cut anywhere."""
    told = events + chance.sample(events, len(events) // 3)
    chance.shuffle(told)
    cuts = sorted(chance.sample(range(1, len(told)), min(8, len(told) - 1)))
    return [told[start:end] for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True)]


@pytest.mark.parametrize("seed", [0, 1, 3, 204, 211])
async def test_any_order_and_any_cut_stores_the_same(database: Database, seed: int) -> None:
    events = a_history(seed)
    expected, chance = Organization(time_zone=ZONE), random.Random(seed)
    await arrive(database, expected)
    await apply(database, expected, events)
    stored = await rows(database, expected)
    assert stored["subscription_spans"]
    assert_right(events, stored["revenue_days"])
    for attempt in range(3):
        other, parts = Organization(time_zone=ZONE, slug=f"other-{attempt}"), batches(events, chance)
        comes_after = chance.randrange(len(parts)) if attempt else 0
        for place, part in enumerate(parts):
            if place == comes_after:
                await arrive(database, other)
            await apply(database, other, part)
        assert await rows(database, other) == stored
        async with database.transaction([other.id]) as session:
            assert await recompute(session, other.id) == 0


def assert_right(events: list[Event], days: list[tuple]) -> None:
    """The stored days are what counting each day from scratch gives."""
    for venture in [venture for venture in VENTURES if venture is not None]:
        mine = {
            day: (mrr, unconverted, customers)
            for venture_id, day, mrr, unconverted, customers in days
            if venture_id == venture
        }
        current: tuple = (Decimal(0), {}, 0)
        for offset in range(DAYS):
            day = FIRST + timedelta(days=offset)
            current = mine.get(day, current)
            sums = ({"MYR": current[0]} if current[0] else {}) | {
                currency: Decimal(amount) for currency, amount in current[1].items()
            }
            assert (dict(sorted(sums.items())), current[2]) == counted_from_scratch(events, venture, day), day


@pytest.mark.parametrize("seed", range(20, 22))
async def test_two_replicas_store_what_one_stores(database: Database, seed: int) -> None:
    events, chance = a_history(seed), random.Random(seed)
    one, two = Organization(time_zone=ZONE), Organization(time_zone=ZONE, slug="two")
    await arrive(database, one)
    await apply(database, one, events)
    parts = batches(events, chance)

    async def replica(mine: list[list[Event]]) -> None:
        for part in mine:
            await apply(database, two, part)

    await asyncio.gather(replica(parts[::2]), replica(parts[1::2]), arrive(database, two))
    assert await rows(database, two) == await rows(database, one)
    async with database.transaction([two.id]) as session:
        assert await recompute(session, two.id) == 0


async def test_replicas_that_add_to_one_day_of_one_venture_lose_nothing(database: Database) -> None:
    acme, venture = Organization(time_zone=ZONE), VENTURES[0]
    await arrive(database, acme)
    events = [
        changed(acme.id, venture, "2026-03-05T03:00", "10", subscription_id=f"sub_{number}", customer_id=f"c{number}")
        for number in range(60)
    ]

    async def replica(mine: list[Event]) -> None:
        for event in mine:
            await apply(database, acme, [event])

    await asyncio.gather(*(replica(events[start::4]) for start in range(4)))
    [(_, _, mrr, _, customers)] = (await rows(database, acme))["revenue_days"]
    assert (mrr, customers) == (600, 60)


async def test_replicas_that_change_one_subscription_agree(database: Database) -> None:
    acme = Organization(time_zone=ZONE)
    await arrive(database, acme)
    events = [
        changed(acme.id, VENTURES[number % 2], f"2026-03-{1 + number // 2:02}T0{number % 2 + 1}:00", str(number))
        for number in range(40)
    ]

    async def replica(mine: list[Event]) -> None:
        for event in mine:
            await apply(database, acme, [event])

    await asyncio.gather(*(replica(events[start::4]) for start in range(4)))
    assert_right(events, (await rows(database, acme))["revenue_days"])


async def test_recompute_mends_what_was_spoiled(database: Database) -> None:
    acme = Organization(time_zone=ZONE)
    await arrive(database, acme)
    await apply(database, acme, a_history(3))
    right = await rows(database, acme)
    async with database.transaction([acme.id]) as session:
        day = (await session.scalars(select(RevenueDayRow).limit(1))).one()
        day.mrr += 5
        metric = (await session.scalars(select(Metric).where(Metric.withdrawn.is_(False)).limit(1))).one()
        metric.value += 7
        span = (await session.scalars(select(SubscriptionSpan).limit(1))).one()
        await session.delete(span)
    async with database.transaction([acme.id]) as session:
        assert await recompute(session, acme.id) >= 3
    assert await rows(database, acme) == right
    async with database.transaction([acme.id]) as session:
        assert await recompute(session, acme.id) == 0
