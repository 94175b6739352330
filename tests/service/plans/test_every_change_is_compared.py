"""Whatever is saved, and however much at once: sync compares with the version that holds on each day."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from shared.contracts.finance import MetricCreated, MetricKind, MetricSource
from shared.contracts.plans import PlanState
from shared.kernel import clock
from shared.kernel.periods import add_months, local_date, month_start
from shared.platform.bus import topology
from shared.platform.bus.consumer import HEARTBEAT_SECONDS
from tests.harness.house import House, Organization

VENTURES, ROUNDS, EDITS = 4, 3, 5
KINDS = {MetricKind.MRR: "target_mrr", MetricKind.BURN_RATE: "expected_burn_rate", MetricKind.CAC: "expected_cac"}
"""What is observed, and which field of a plan version promises it."""


@dataclass
class Planner:
    """Somebody who changes one venture's plan at random, one change after the other."""

    house: House
    org: Organization
    client: httpx2.AsyncClient
    venture_id: str
    chance: random.Random
    observed: set[date] = field(default_factory=set)
    changes: int = 0

    @property
    def path(self) -> str:
        return f"/ventures/{self.venture_id}/plan"

    async def change(self, day: date) -> None:
        """One change of the plan, and now and then an actual of this month."""
        if self.chance.random() < 0.5:
            await self.observe(day.replace(day=self.chance.randrange(1, 28)))
        kind = self.chance.random()
        if kind < 0.7 or not self.changes:
            answer = await self.client.put(self.path, json=self._content())
        elif kind < 0.85:
            version = self.chance.randrange(1, self.changes + 1)
            answer = await self.client.post(f"{self.path}/versions/{version}/restore")
        else:
            await self.archive()
            answer = await self.client.post(f"{self.path}/unarchive")
        assert answer.is_success, answer.text
        self.changes = answer.json()["version"]

    async def archive(self) -> None:
        """Archive the plan: from this month on it promises nothing."""
        answer = await self.client.post(f"{self.path}/archive")
        assert answer.status_code == 200, answer.text
        self.changes = answer.json()["version"]

    def _content(self) -> dict[str, Any]:
        targets: dict[str, Any] = {"baseline_value": "1000", "baseline_date": "2020-01-31", "path": "linear"}
        targets |= {
            name: str(self.chance.randrange(1_000, 100_000)) for name in KINDS.values() if self.chance.random() < 0.8
        }
        return {
            "strategy": {"vision": f"vision {self.chance.randrange(5)}"},
            "targets": targets | {"target_date": "2099-12-31"},
        }

    async def observe(self, day: date) -> None:
        """One actual of each kind."""
        if day in self.observed:
            return
        self.observed.add(day)
        await self.house.publish(
            *(
                MetricCreated.model_validate(
                    {
                        "organization_id": self.org.id,
                        "venture_id": self.venture_id,
                        "metric": metric,
                        "observed_on": day,
                        "source": MetricSource.CALCULATED,
                        "revision": 1,
                        "value": self.chance.randrange(500, 50_000),
                        "recorded_at": datetime.now(UTC),
                    }
                )
                for metric in KINDS
            )
        )


@pytest.fixture(autouse=True)
def comes_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a replica that went had in its hands waits only a little longer than a heartbeat takes."""
    monkeypatch.setattr(topology, "ACK_WAIT_SECONDS", HEARTBEAT_SECONDS + 1)


@pytest.fixture
def mid_months(monkeypatch: pytest.MonkeyPatch) -> Iterator[date]:
    """The fifteenth of the last months, one after the other: the clock of every service stands there."""
    today = datetime.now(UTC)

    def visit() -> Iterator[date]:
        for ago in range(ROUNDS, 0, -1):
            day = add_months(today.date().replace(day=15), -ago)
            offset = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - today
            monkeypatch.setenv(clock.OFFSET_VARIABLE, str(int(offset.total_seconds())))
            yield day

    return visit()


async def test_every_change_is_compared_in_its_right_version(house: House, mid_months: Iterator[date]) -> None:
    await house.start("plans", "sync", "sync")
    org = await house.organization()
    client = house.client("plans", org)
    planners = []
    for number in range(VENTURES):
        made = await client.post("/ventures", json={"name": f"Venture {number}"})
        planners.append(Planner(house, org, client, made.json()["id"], random.Random(number)))

    for day in mid_months:
        await _change_all(house, planners, day)
    await planners[0].archive()
    await house.settle()

    told = [event for event in await house.events("PLANS", PlanState) if isinstance(event, PlanState)]
    assert sum(planner.changes for planner in planners) == len(told)
    await _sync_has_every_version(house, org, told)
    await _every_day_is_compared_with_its_version(house, org, planners, told)
    await _plans_show_the_newest_comparison(house, org, planners)


async def _change_all(house: House, planners: list[Planner], day: date) -> None:
    """Everybody changes and observes at once, while a replica of sync goes and comes."""

    async def keep_changing(planner: Planner) -> None:
        for _ in range(EDITS):
            await planner.change(day)
        await planner.observe(day)

    async with asyncio.TaskGroup() as group:
        for planner in planners:
            group.create_task(keep_changing(planner))
        await house.stop("sync")
        await house.start("sync")
    await house.settle()


async def _sync_has_every_version(house: House, org: Organization, told: list[PlanState]) -> None:
    async with house.database("sync").transaction([org.id]) as session:
        rows = await session.execute(text("SELECT plan_id, version FROM model.plan_versions"))
        assert {(row.plan_id, row.version) for row in rows} == {(event.plan_id, event.version) for event in told}


async def _every_day_is_compared_with_its_version(
    house: House, org: Organization, planners: list[Planner], told: list[PlanState]
) -> None:
    """The newest version saved up to the end of the day's month; before the first, the first with the target."""
    versions = defaultdict(list)
    for event in told:
        versions[str(event.venture_id)].append(event)
    async with house.database("sync").transaction([org.id]) as session:
        columns = "venture_id, metric, observed_on, plan_version, final_target, status"
        rows = list(await session.execute(text(f"SELECT {columns} FROM owned.variances WHERE NOT withdrawn")))
    assert len(rows) == sum(len(planner.observed) for planner in planners) * len(KINDS)
    for row in rows:
        name = KINDS[MetricKind(row.metric)]
        holding = _holding(versions[str(row.venture_id)], row.observed_on, name, org.time_zone)
        promised = _promised(holding, name)
        assert row.plan_version == holding.version, (row, name)
        assert row.final_target == promised, (row, name)
        assert (row.status == "PLANNED") == (promised is None), (row, name)


def _promised(event: PlanState, name: str) -> Decimal | None:
    """What a version promises; an archived one promises nothing."""
    value: Decimal | None = getattr(event.targets, name)
    return None if event.status.value == "ARCHIVED" else value


def _holding(versions: list[PlanState], day: date, name: str, time_zone: str) -> PlanState:
    ordered = sorted(versions, key=lambda event: event.version)
    first = next((event for event in ordered if _promised(event, name) is not None), ordered[0])
    in_effect = [
        event
        for event in ordered
        if event.version >= first.version and month_start(local_date(event.saved_at, time_zone)) <= day
    ]
    return in_effect[-1] if in_effect else first


async def _plans_show_the_newest_comparison(house: House, org: Organization, planners: list[Planner]) -> None:
    async with house.database("sync").transaction([org.id]) as session:
        columns = "venture_id, plan_version, plan_sync_status"
        rows = await session.execute(text(f"SELECT {columns} FROM owned.variances WHERE current AND metric = 'mrr'"))
        newest = {str(row.venture_id): row for row in rows}
    for planner in planners:
        plan = (await planner.client.get(planner.path)).json()
        assert newest[planner.venture_id].plan_version == plan["version"] == planner.changes
        assert newest[planner.venture_id].plan_sync_status == plan["sync_status"]
