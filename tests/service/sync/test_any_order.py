"""Any order, any repetition, two replicas: the same comparisons, projections and open alerts."""

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from sqlalchemy import select

from services.sync.operations import figures, recompute
from services.sync.variance.models import Variance
from shared.contracts.event import Event
from shared.contracts.finance import MetricKind, MetricObservation, MetricSource
from shared.contracts.plans import CustomMetricTarget, CustomPathPoint, Direction, TargetPath
from shared.contracts.sync import AlertState, AlertStatus, MetricComparison, ProjectionState
from shared.kernel.clock import today
from shared.kernel.periods import add_months, month_start
from tests.harness.engines import NATS_PASSWORD
from tests.harness.house import House, Organization
from tests.service.sync.stories import Venture

pytestmark = pytest.mark.asyncio
CUSTOM = ("nps", "churn")
METRICS = [*MetricKind, *CUSTOM]
SOURCES = list(MetricSource)


def _noon(day):
    return datetime.combine(day, time(4), UTC)


def _months(day: date) -> tuple[CustomPathPoint, ...]:
    return (CustomPathPoint(month=f"{add_months(day, 2):%Y-%m}", amount=Decimal(2500)),)


def _custom(chance: random.Random, day: date) -> tuple[CustomMetricTarget, ...]:
    """Custom metrics come and go; their target, baseline, path and direction change."""
    return tuple(
        CustomMetricTarget(
            key=key,
            name=chance.choice(["Name", "Other name"]),
            direction=chance.choice(list(Direction)),
            target=chance.choice([None, Decimal(0), Decimal(40)]),
            target_date=chance.choice([None, add_months(day, 5)]),
            baseline_value=chance.choice([None, None, Decimal(-3)]),
            baseline_date=chance.choice([None, None, add_months(day, -2)]),
            path=path,
            custom_path=_months(day) if path is TargetPath.CUSTOM else (),
        )
        for key in CUSTOM
        for path in [chance.choice([None, *TargetPath])]
        if chance.random() < 0.7
    )


def plans_of(chance: random.Random, venture: Venture) -> list[Event]:
    """Two to four versions, saved over the last months: targets appear, change, go; baselines are set or observed."""
    day = today("Asia/Kuala_Lumpur")
    saves = sorted(add_months(day, -chance.randrange(4)) for _ in range(chance.randrange(2, 5)))
    events: list[Event] = []
    for number, saved_on in enumerate(saves, start=1):
        targets = {
            "target_date": chance.choice([add_months(day, 9), add_months(day, -1), None]),
            "target_mrr": chance.choice([None, "1000", "5000"]),
            "target_customers": chance.choice([None, 50]),
            "expected_burn_rate": chance.choice([None, "700"]),
            "expected_runway_months": chance.choice([None, "12"]),
            "baseline_value": chance.choice([None, None, "300"]),
            "baseline_date": chance.choice([None, None, add_months(day, -4)]),
            "path": chance.choice([None, TargetPath.LINEAR, TargetPath.CUSTOM]),
            "custom_metrics": _custom(chance, day),
            "custom_path": _months(day),
        }
        events.append(
            venture.plan(number, saved_at=_noon(saved_on), financial=number > 1 and chance.random() < 0.6, **targets)
        )
    return events


def metrics_of(chance: random.Random, venture: Venture, count: int) -> list[Event]:
    """Observations of all kinds over half a year, mostly of the open month, revised and withdrawn."""
    day = today("Asia/Kuala_Lumpur")
    days = [add_months(day, -back) - timedelta(days=chance.randrange(20)) for back in range(1, 6)]
    days += [max(day - timedelta(days=back), month_start(day)) for back in range(6)]
    revisions: dict[tuple, int] = {}
    events: list[Event] = []
    for _ in range(count):
        key = (chance.choice(days), chance.choice(METRICS), chance.choice(SOURCES))
        revisions[key] = revisions.get(key, 0) + 1
        value = chance.choice(["0", "2.5", "5", "400", "650", "900", "1200"])
        events.append(
            venture.metric(
                key[0], value, key[1], source=key[2], revision=revisions[key], withdrawn=chance.random() < 0.15
            )
        )
    return events


def a_history(seed: int, organization: Organization, ventures: list[Venture]) -> list[Event]:
    chance = random.Random(seed)
    events: list[Event] = [organization.created()]
    for venture in ventures:
        events += [venture.created(), *plans_of(chance, venture), *metrics_of(chance, venture, 120)]
    return events


async def _told(house: House) -> dict[tuple, object]:
    """What a reader of the events knows in the end: the newest state of each key, without times and ids."""
    newest: dict[tuple, Event] = {}
    for event in await house.events("SYNC"):
        known = newest.get(event.natural_key)
        if known is None or event.sequence > known.sequence:
            newest[event.natural_key] = event
    state: dict[tuple, object] = {}
    for event in newest.values():
        if isinstance(event, MetricComparison) and not event.withdrawn:
            state["variance", event.venture_id, event.metric, event.observed_on] = event.model_dump(
                exclude={"version", "computed_at"}
            )
        elif isinstance(event, AlertState) and event.status is AlertStatus.OPEN:
            assert ("alert", event.venture_id, event.type) not in state
            state["alert", event.venture_id, event.type] = (event.severity, event.message, event.observed_on)
        elif isinstance(event, ProjectionState):
            state["projection", event.venture_id, event.origin] = event.model_dump(exclude={"projection_id", "version"})
    return state


async def _lived_through(
    postgres_url, nats, organization: Organization, events: list[Event], *, replicas: int, chunk: int
):
    async with House(postgres_url, nats.url, NATS_PASSWORD) as house:
        await house.start(*["sync"] * replicas)
        for start in range(0, len(events), chunk):
            await house.publish(*events[start : start + chunk])
            if replicas == 1:
                await house.settle()
        await house.settle()
        async with house.database("sync").transaction([organization.id]) as session:
            found = await figures(session)
        told = await _told(house)
        async with house.database("sync").transaction([organization.id]) as session:
            assert await recompute(session, organization.id) == 0
        return found, told


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_order_and_any_repetition_end_in_the_same_state(postgres_url, nats, seed):
    organization = Organization()
    ventures = [Venture(organization.id, name) for name in ("Kopi", "Teh")]
    events = a_history(seed, organization, ventures)
    expected = await _lived_through(postgres_url, nats, organization, events, replicas=1, chunk=len(events))
    assert {figure["figure"] for figure in expected[0]} >= {"sync.variance", "sync.alert"}
    chance = random.Random(seed)
    for replicas, chunk in ((1, 1000), (1, 40), (2, 7)):
        shuffled = events + chance.sample(events, len(events) // 3)
        chance.shuffle(shuffled)
        found = await _lived_through(postgres_url, nats, organization, shuffled, replicas=replicas, chunk=chunk)
        assert found == expected


async def test_of_several_metrics_in_one_second_the_last_by_revision_and_source_counts(house: House):
    """All are recorded at the same instant: neither that nor the order of arrival decides, one by one or in a batch."""
    house.settings["batch_size"] = 5
    await house.start("sync", "sync")
    organization = await house.organization()
    day = today("Asia/Kuala_Lumpur")
    orders = list(permutations(range(5)))
    ventures = [Venture(organization.id, f"Kopi {number}") for number in range(len(orders))]
    stories = [_in_one_second(venture, day, order) for venture, order in zip(ventures, orders, strict=True)]
    assert len({event.recorded_at for story in stories for event in story}) == 1
    await house.publish(*[venture.created() for venture in ventures])
    # A third comes one venture after the other, the rest event by event across all ventures.
    await house.publish(*[event for story in stories[::3] for event in story])
    rest = [story for place, story in enumerate(stories) if place % 3]
    await house.publish(*[event for step in zip(*rest, strict=True) for event in step])
    await house.settle()
    async with house.database("sync").transaction([organization.id]) as session:
        rows = list(await session.scalars(select(Variance)))
    assert {row.venture_id for row in rows} == {venture.id for venture in ventures}
    assert {(row.observed_on, row.source, row.actual, row.current) for row in rows} == {
        (day, "calculated", Decimal(1000), True)
    }


def _in_one_second(venture: Venture, day: date, order: tuple[int, ...]) -> list[MetricObservation]:
    told = [
        venture.metric(day, "900", revision=1),
        venture.metric(day, "1100", revision=2),
        venture.metric(day, "1000", revision=3),
        venture.metric(day, "5000", source=MetricSource.MANUAL, revision=9),
        venture.metric(day, "7000", source=MetricSource.OVERRIDE, revision=1, withdrawn=True),
    ]
    return [told[place] for place in order]


async def test_a_replay_changes_nothing_and_tells_nothing(house: House):
    organization = Organization()
    events = a_history(7, organization, [Venture(organization.id)])
    await house.start("sync")
    await house.publish(*events)
    await house.settle()
    before = len(await house.events("SYNC"))
    await house.publish(*reversed(events))
    await house.settle()
    assert len(await house.events("SYNC")) == before
