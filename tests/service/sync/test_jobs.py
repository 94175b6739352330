"""The daily sync and the monthly review, in the organization's time, once however many replicas there are."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from services.sync.observation.models import ObservationView
from shared.contracts.identity import Role
from shared.contracts.sync import (
    AlertResolved,
    NotificationCreated,
    NotificationType,
    ProjectionOutdated,
    ReviewCompleted,
)
from shared.kernel import clock
from shared.kernel.periods import add_months, month_end, month_start
from tests.harness.house import SETTLE_S, House
from tests.service.sync.stories import a_house_with_sync, answer

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("mid_day")]

ZONE = "Asia/Kuala_Lumpur"


@pytest.fixture
def at(monkeypatch):
    """Set every process's clock to a local time."""

    def set_clock(local: datetime) -> None:
        monkeypatch.delenv(clock.OFFSET_VARIABLE, raising=False)
        ahead = local.replace(tzinfo=ZoneInfo(ZONE)) - clock.now()
        monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(ahead.total_seconds())))

    return set_clock


def _months_from_now(months: int) -> datetime:
    """10:00 on the 2nd of a coming month."""
    first = add_months(month_start(clock.today(ZONE)), months)
    return datetime(first.year, first.month, 2, 10)  # noqa: DTZ001 - a wall clock


async def _runs(house, organization, job):
    return (await answer(house, organization, f"/sync/job-runs?job={job}&limit=200"))["items"]


async def _until(house, organization, job, count):
    """Wake the jobs of every replica, and wait until so many runs of a job are done."""
    async with asyncio.timeout(SETTLE_S):
        while True:
            for replica in house.replicas["sync"]:
                replica.runtime.wakeups.wake("jobs")
            rows = await _runs(house, organization, job)
            if sum(row["state"] == "done" for row in rows) >= count:
                return rows
            await asyncio.sleep(0.05)


async def _known(house, organization):
    """Wait until every job has seen the organization: its runs are due from the next slot on."""
    async with asyncio.timeout(SETTLE_S):
        for job in ("daily_sync", "monthly_review"):
            while len(await _runs(house, organization, job)) < 1:
                house.replicas["sync"][0].runtime.wakeups.wake("jobs")
                await asyncio.sleep(0.05)


def _plan(venture, day):
    return venture.plan(
        target_mrr="100000",
        target_date=add_months(day, 12),
        baseline_value="10000",
        baseline_date=month_end(add_months(day, -1)),
    )


async def test_the_month_is_reviewed_once_by_three_replicas_and_downtime_is_caught_up(house: House, at):
    organization, venture = await a_house_with_sync(house, replicas=3)
    await _known(house, organization)
    this_month = month_start(clock.today(ZONE))
    await house.publish(_plan(venture, this_month), venture.metric(clock.today(ZONE), "2000"))
    await house.settle()

    # Nobody was there for two months: both reviews are made, in their order, and the daily sync runs once.
    at(_months_from_now(2))
    reviews = await _until(house, organization, "monthly_review", 2)
    daily = await _until(house, organization, "daily_sync", 1)
    await house.settle()
    slots = [row["slot"] for row in reviews if row["state"] == "done"]
    assert slots == [str(add_months(this_month, 2)), str(add_months(this_month, 1))]
    assert [row["slot"] for row in daily if row["state"] == "done"] == [str(add_months(this_month, 2).replace(day=2))]
    told = await house.events("SYNC", ReviewCompleted)
    assert [(event.month, event.status.value, event.revision) for event in told] == [
        (f"{this_month:%Y-%m}", "LAGGING", 1),
        (f"{add_months(this_month, 1):%Y-%m}", "NO_DATA", 1),
    ]
    kept = (await answer(house, organization, f"/reviews?month={this_month:%Y-%m}"))["items"]
    assert kept[0]["deviating"] == ["mrr"]
    assert kept[0]["metrics"][0]["actual"] == "2000.000000"
    noticed = await house.events("SYNC", NotificationCreated)
    (reviewed,) = [event for event in noticed if event.type is NotificationType.REVIEW_COMPLETED]
    assert (reviewed.title, reviewed.severity.value) == (
        f"Review of {this_month:%B %Y}: lagging behind the plan",
        "WARNING",
    )
    resolved = {event.type.value for event in await house.events("SYNC", AlertResolved)}
    assert "FIRST_METRIC" in resolved, "a new month ends what was news in the one before"

    # Waking them again finds nothing more to do.
    for replica in house.replicas["sync"]:
        replica.runtime.wakeups.wake("jobs")
    await asyncio.gather(*[replica.runtime.wakeups.wait("idle", 0.2) for replica in house.replicas["sync"]])
    assert len(await house.events("SYNC", ReviewCompleted)) == 2


async def test_by_hand_and_dry(house: House):
    organization, venture = await a_house_with_sync(house)
    today = clock.today(ZONE)
    last_month = add_months(month_start(today), -1)
    await house.publish(_plan(venture, last_month), venture.metric(last_month, "2000"))
    await house.settle()
    client = house.client("sync", organization)
    jobs = {job["name"]: job for job in (await client.get("/sync/jobs")).json()["items"]}
    assert jobs["monthly_review"]["schedule"] == "monthly on day 1 at 03:00"

    dry = await client.post("/sync/jobs/monthly_review/runs", json={"dry_run": True})
    assert dry.status_code == 202, dry.text
    run = await _ended(client, dry.json()["id"])
    assert (run["state"], run["counts"]) == (
        "done",
        {"ventures": 1, "lagging": 1, "deviations": 1, "reviews": 1, "proposals": 0},
    )
    assert (await answer(house, organization, "/reviews"))["items"] == []
    await house.settle()
    assert await house.events("SYNC", ReviewCompleted) == []

    for expected in (1, 0):
        started = await client.post("/sync/jobs/monthly_review/runs")
        run = await _ended(client, started.json()["id"])
        assert run["counts"]["reviews"] == expected, "a review that finds the same is the same"
        assert run["started_by"] == str(organization.owner)
    await house.settle()
    assert len(await house.events("SYNC", ReviewCompleted)) == 1

    # An actual of the reviewed month that comes later: the review is made again, as its second revision.
    await house.publish(venture.metric(last_month, "9900", revision=2))
    await house.settle()
    started = await client.post("/sync/jobs/monthly_review/runs")
    await _ended(client, started.json()["id"])
    await house.settle()
    assert [event.revision for event in await house.events("SYNC", ReviewCompleted)] == [1, 2]

    assert (await client.post("/sync/jobs/nothing/runs")).status_code == 404
    future = {"slot": str(add_months(today, 3))}
    assert (await client.post("/sync/jobs/daily_sync/runs", json=future)).json()["code"] == "slot_in_the_future"
    member = house.client("sync", organization, Role.MEMBER)
    assert (await member.post("/sync/jobs/daily_sync/runs")).status_code == 403
    stranger = house.client("sync", await house.organization(slug="other"))
    await house.settle()
    assert (await stranger.get(f"/sync/job-runs/{run['id']}")).status_code == 404
    assert {one["state"] for one in (await stranger.get("/sync/job-runs")).json()["items"]} <= {"skipped"}


async def _ended(client, run_id):
    async with asyncio.timeout(SETTLE_S):
        while True:
            run = (await client.get(f"/sync/job-runs/{run_id}")).json()
            if run["state"] in ("done", "failed"):
                return run
            await asyncio.sleep(0.02)


async def test_projections_are_outdated_after_thirty_days_and_the_daily_sync_finds_nothing_else(house: House, at):
    organization, venture = await a_house_with_sync(house)
    await _known(house, organization)
    today = clock.today(ZONE)
    await house.publish(_plan(venture, today), venture.metric(today, "12000"))
    await house.settle()
    client = house.client("sync", organization)
    started = await client.post("/sync/jobs/daily_sync/runs")
    run = await _ended(client, started.json()["id"])
    assert run["counts"] == {"ventures": 1, "found": 0, "projections_aged": 0}

    later = datetime.combine(today, datetime.min.time()) + timedelta(days=31, hours=12)
    at(later)
    client = house.client("sync", organization)
    started = await client.post("/sync/jobs/daily_sync/runs")
    await _ended(client, started.json()["id"])
    runs = await _runs(house, organization, "daily_sync")
    assert sum(run["counts"].get("projections_aged", 0) for run in runs) == 1, "by hand, or by the clock"
    row = (await answer(house, organization, f"/ventures/{venture.id}/projections"))["items"][0]
    assert (row["status"], row["note"]) == ("OUTDATED", "It is older than 30 days.")
    await house.settle()
    assert len(await house.events("SYNC", ProjectionOutdated)) == 1
    # Made again, it is active; the old one stays comparable.
    assert (await client.post(f"/ventures/{venture.id}/projections")).json()["status"] == "ACTIVE"


async def test_the_daily_sync_compares_what_nobody_compared(house: House):
    """Of every kind that was observed, whether or not there is a comparison of it; and of no other."""
    organization, venture = await a_house_with_sync(house)
    today = clock.today(ZONE)
    plan = venture.plan(target_mrr="20000", target_date=today, baseline_value="10000", expected_cac="400")
    await house.publish(plan, venture.metric(today, "20000"))
    await house.settle()
    async with house.database("sync").transaction([organization.id]) as session:
        (known,) = await session.scalars(select(ObservationView))
        same = {name: getattr(known, name) for name in ObservationView.__table__.columns.keys()}  # noqa: SIM118 - no mapping
        session.add(ObservationView(**same | {"metric": "cac", "value": Decimal(600), "currency": "MYR"}))
    client = house.client("sync", organization)
    counted = []
    for _ in range(2):
        started = await client.post("/sync/jobs/daily_sync/runs")
        counted.append((await _ended(client, started.json()["id"]))["counts"]["found"])
    assert counted == [2, 0], "the comparison and its alert, once"
    (compared,) = (await answer(house, organization, f"/ventures/{venture.id}/variances?metric=cac"))["items"]
    assert compared["variance_pct"] == "50.00"
    alerts = (await answer(house, organization, "/alerts?status=open"))["items"]
    assert ("CAC_ABOVE_PLAN", "CRITICAL") in {(alert["type"], alert["severity"]) for alert in alerts}
