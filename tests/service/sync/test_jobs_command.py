"""``trueup jobs``: an operator lists jobs, starts one by hand, and reads what ran."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from services.sync.review.models import MonthlyReview
from shared.contracts.audit import ActorKind, AuditRecorded
from shared.contracts.sync import ReviewCompleted
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months, month_start
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.sync.stories import a_house_with_sync

pytestmark = pytest.mark.usefixtures("mid_day")

ZONE = "Asia/Kuala_Lumpur"


@pytest.fixture
def trueup(house: House, monkeypatch, tmp_path) -> Operator:
    monkeypatch.setenv("TRUEUP_STATE_DIR", str(tmp_path))
    return Operator(house, monkeypatch)


async def test_by_hand_dry_and_what_ran(house: House, trueup: Operator):
    organization, venture = await a_house_with_sync(house)
    last_month = add_months(month_start(clock.today(ZONE)), -1)
    await house.publish(
        venture.plan(target_mrr="10000", target_date=last_month, baseline_value="10000", baseline_date=last_month),
        venture.metric(last_month, "2000"),
    )
    await house.settle()
    listed = (await trueup("jobs", "list", "--service", "sync", "--json")).json
    assert {job["job"]: job["schedule"] for job in listed}["monthly_review"] == "monthly on day 1 at 03:00"

    review = ("jobs", "run", "monthly_review", "--organization", organization.slug, "--json")
    dry = await trueup(*review, "--dry-run")
    assert (dry.code, dry.json["state"], dry.json["dry_run"], dry.json["counts"]["reviews"]) == (0, "done", True, 1)
    async with house.database("sync").transaction([organization.id]) as session:
        assert list(await session.scalars(select(MonthlyReview))) == []

    done = (await trueup(*review)).json
    assert (done["counts"]["reviews"], done["started_by"], done["organization"]) == (1, None, organization.slug)
    await house.settle()
    assert len(await house.events("SYNC", ReviewCompleted)) == 1
    deeds = [event for event in await house.events("AUDIT", AuditRecorded) if event.operation == "trueup jobs run"]
    assert {(event.actor, event.organization_id) for event in deeds} == {(ActorKind.OPERATOR, organization.id)}

    ran = (await trueup("jobs", "history", "--job", "monthly_review", "--state", "done", "--json")).json
    assert [row["dry_run"] for row in ran] == [False, True], "newest first"
    assert UUID(ran[0]["id"]) == UUID(done["id"])
    shown = (await trueup("jobs", "show", done["id"][-12:], "--service", "sync")).json
    assert shown == ran[0]
    other = await trueup("jobs", "history", "--organization", "nobody", "--service", "sync", "--json")
    assert other.json == []
    said = await trueup("jobs", "run", "daily_sync", "--organization", str(organization.id))
    assert "daily_sync of acme for" in said.out
    assert "ventures 1" in said.out


async def test_it_says_what_is_wrong(house: House, trueup: Operator):
    organization, _venture = await a_house_with_sync(house)
    tomorrow = str(clock.today(ZONE) + timedelta(days=40))
    cases = {
        ("run", "nightly", "--organization", "acme", "--service", "sync"): "there is no job 'nightly'",
        ("run", "daily_sync", "--organization", "nobody"): "sync knows no organization 'nobody'",
        ("run", "daily_sync", "--organization", organization.slug, "--slot", tomorrow): "This slot has not come",
        ("run", "daily_sync", "--organization", organization.slug, "--slot", "soon"): "'soon' is no day",
        ("history", "--state", "lost", "--service", "sync"): "--state is waiting",
        ("show", str(new_id()), "--service", "sync"): "names no run",
    }
    for arguments, sentence in cases.items():
        ran = await trueup("jobs", *arguments)
        assert ran.code == 1, arguments
        assert sentence in ran.err, arguments
