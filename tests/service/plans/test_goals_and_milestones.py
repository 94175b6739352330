from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from shared.contracts.finance import MetricKind
from shared.contracts.identity import MemberJoined, Role
from shared.contracts.plans import GoalStatus, GoalUpdated, MilestoneReached
from shared.kernel.ids import new_id
from tests.service.plans.desk import TARGETS, Desk


def goals(desk: Desk, path: str = "") -> str:
    return f"/ventures/{desk.venture_id}/goals{path}"


def milestones(desk: Desk, path: str = "") -> str:
    return f"/ventures/{desk.venture_id}/milestones{path}"


async def set_goal(desk: Desk, **body: Any) -> httpx2.Response:
    return await desk.client.post(goals(desk), json={"title": "Ten customers"} | body)


async def set_milestone(desk: Desk, **body: Any) -> httpx2.Response:
    return await desk.client.post(milestones(desk), json={"name": "First 13 000"} | body)


async def test_a_goal_has_a_target_an_owner_and_a_place_in_the_plan(desk: Desk) -> None:
    colleague = new_id()
    joined = {
        "organization_id": desk.org.id,
        "user_id": colleague,
        "version": 1,
        "role": Role.MEMBER,
        "status": "active",
    }
    await desk.house.publish(MemberJoined.model_validate(joined))
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.house.publish(desk.compared(5))
    await desk.house.settle()
    made = await set_goal(
        desk,
        metric="mrr",
        target="26000",
        due_on="2026-06-30",
        owner_id=str(colleague),
        plan_section="gtm_strategy",
        external_url="https://okr.example/1",
        external_key="O1",
    )
    assert made.status_code == 201, made.text
    goal = made.json()
    assert goal["progress"] == {
        "actual": "13000.000000",
        "observed_on": "2026-03-05",
        "progress_pct": "50.00",
        "met": False,
    }
    assert (goal["status"], goal["version"], goal["owner_id"]) == ("open", 1, str(colleague))
    assert goal["allowed_actions"] == ["update", "reach", "drop", "archive"]
    sections = {one["section"]: one["goals"] for one in (await desk.read())["sections"]}
    assert sections["gtm_strategy"] == [goal["id"]]
    assert (await desk.client.get(goals(desk, "?section=moat"))).json()["items"] == []
    await desk.house.settle()
    (told,) = await desk.house.events("PLANS", GoalUpdated)
    assert isinstance(told, GoalUpdated)
    assert (told.title, told.target, told.status) == ("Ten customers", Decimal(26_000), GoalStatus.OPEN)


async def test_a_goal_is_changed_reached_reopened_dropped_and_archived(desk: Desk) -> None:
    goal_id = (await set_goal(desk, description="by hand")).json()["id"]
    path = goals(desk, f"/{goal_id}")
    changed = await desk.client.patch(path, json={"title": "Eleven", "version": 1})
    assert (changed.json()["title"], changed.json()["version"]) == ("Eleven", 2)
    assert (await desk.client.patch(path, json={"title": "Twelve", "version": 1})).json()["code"] == "stale_version"
    assert (await desk.client.patch(path, json={"title": "Eleven"})).json()["version"] == 2
    assert (await desk.client.post(f"{path}/reach")).json()["status"] == "reached"
    refused = await desk.client.post(f"{path}/drop")
    assert (refused.status_code, refused.json()["allowed_actions"]) == (409, ["update", "reopen", "archive"])
    assert (await desk.client.post(f"{path}/reopen")).json()["status"] == "open"
    assert (await desk.client.post(f"{path}/drop")).json()["status"] == "dropped"
    archived = (await desk.client.post(f"{path}/archive")).json()
    assert (archived["allowed_actions"], archived["status"]) == (["unarchive"], "dropped")
    assert (await desk.client.patch(path, json={"title": "x"})).json()["code"] == "goal_state"
    assert (await desk.client.get(goals(desk))).json()["items"] == []
    assert len((await desk.client.get(goals(desk, "?archived=true"))).json()["items"]) == 1
    assert (await desk.client.post(f"{path}/unarchive")).json()["archived_at"] is None
    await desk.house.settle()
    assert [event.sequence for event in await desk.house.events("PLANS", GoalUpdated)] == list(range(1, 8))
    assert (await desk.activity())[0] == 'Took the goal "Eleven" back'


@pytest.mark.parametrize("noun", ["goals", "milestones"])
async def test_what_is_refused_names_its_field(desk: Desk, noun: str) -> None:
    name, number = {"goals": ("title", "target"), "milestones": ("name", "threshold")}[noun]
    path = f"/ventures/{desk.venture_id}/{noun}"
    wrong: list[tuple[dict[str, Any], str]] = [
        ({name: " "}, name),
        ({name: "x" * 201}, name),
        ({"metric": "mrr"}, number),
        ({number: "5"}, "metric"),
        ({"metric": "churn", number: "5"}, "metric"),
        ({"metric": "mrr", number: 0.5}, number),
        ({"metric": "mrr", number: str(10**15)}, number),
        ({"due_on": "2026-02-30"}, "due_on"),
        ({"motto": "x"}, "motto"),
        ({"description": "x" * 10_001}, "description"),
    ]
    if noun == "goals":
        wrong += [
            ({"plan_section": "motto"}, "plan_section"),
            ({"external_url": "javascript:alert(1)"}, "external_url"),
            ({"owner_id": str(new_id())}, "owner_id"),
        ]
    for body, field in wrong:
        answer = await desk.client.post(path, json={name: "fine"} | body)
        assert answer.status_code == 422, body
        assert field in [error["loc"][1] for error in answer.json()["errors"]], (body, answer.text)
    assert (await desk.client.get(path)).json()["items"] == []


async def test_a_goal_may_measure_a_metric_of_the_plan(desk: Desk) -> None:
    churn = {"key": "churn", "name": "Churn", "direction": "less_is_better"}
    await desk.save(targets=TARGETS | {"custom_metrics": [churn]})
    goal = await set_goal(desk, metric="churn", target="2")
    assert (goal.status_code, goal.json()["progress"]) == (201, None)
    milestone = (await set_milestone(desk, metric="churn", threshold="3")).json()
    later = date_after(milestone["counts_from"], 1)
    await desk.house.publish(desk.compared_by_key("churn", 5, actual=Decimal(8)))
    assert await reached(desk) == []
    await desk.house.publish(desk.compared_by_key("churn", 5, actual=Decimal("1.5"), observed_on=later))
    (event,) = await reached(desk)
    assert (event.metric, event.actual, event.reached_on) == ("churn", Decimal("1.5"), later)
    shown = (await desk.client.get(goals(desk, f"/{goal.json()['id']}"))).json()["progress"]
    assert (shown["actual"], shown["met"]) == ("1.500000", True)


async def reached(desk: Desk) -> list[MilestoneReached]:
    await desk.house.settle()
    told = await desk.house.events("PLANS", MilestoneReached)
    return [event for event in told if isinstance(event, MilestoneReached)]


async def test_a_milestone_is_reached_once_by_the_actual_that_is_enough(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setenv("TRUEUP_NOW_OFFSET", "-22000000")  # so that days of March are not in the past
    made = (await set_milestone(desk, metric="mrr", threshold="13000", due_on="2026-04-30")).json()
    assert (made["direction"], made["reached_on"], made["progress"]) == ("more_is_better", None, None)
    first = date_after(made["counts_from"], 1)
    before, exactly, later = (
        desk.compared(1, actual=Decimal(50_000), observed_on=date_after(made["counts_from"], -1)),
        desk.compared(1, observed_on=first),
        desk.compared(1, actual=Decimal(14_000), observed_on=date_after(made["counts_from"], 2)),
    )
    almost = desk.compared(1, actual=Decimal("12999.999999"), observed_on=made["counts_from"])
    other = desk.compared(1, metric=MetricKind.ARR, actual=Decimal(10**6), observed_on=first)
    gone = desk.compared(1, actual=Decimal(10**6), withdrawn=True, observed_on=first)
    await desk.house.publish(before, almost, other, gone)
    assert await reached(desk) == []
    await desk.house.publish(later, exactly, later)
    (event,) = await reached(desk)
    assert (event.actual, event.threshold, event.reached_by) == (Decimal(13_000), Decimal(13_000), None)
    assert event.reached_on == first
    await desk.house.publish(desk.compared(1, version=2, actual=Decimal(15_000), observed_on=first))
    assert len(await reached(desk)) == 1
    shown = (await desk.client.get(milestones(desk, f"/{made['id']}"))).json()
    assert (shown["reached_actual"], shown["allowed_actions"]) == ("13000.000000", ["update", "archive"])
    fixed = await desk.client.patch(milestones(desk, f"/{made['id']}"), json={"threshold": "1"})
    assert (fixed.status_code, fixed.json()["code"]) == (409, "milestone_state")
    assert (await desk.client.patch(milestones(desk, f"/{made['id']}"), json={"name": "Done"})).status_code == 200


def date_after(day: str, days: int) -> date:
    return date.fromisoformat(day) + timedelta(days=days)


async def test_what_is_already_there_reaches_a_milestone_at_once(desk: Desk) -> None:
    await desk.house.publish(desk.compared(5), desk.compared(4, actual=Decimal(99_000)))
    await desk.house.publish(desk.compared(5, metric=MetricKind.BURN_RATE, actual=Decimal(8_000)))
    await desk.house.settle()
    there = (await set_milestone(desk, metric="mrr", threshold="13000")).json()
    assert (there["reached_on"], there["reached_by"]) == ("2026-03-05", None)
    burn = (await set_milestone(desk, metric="burn_rate", threshold="8000")).json()
    assert (burn["direction"], burn["reached_on"]) == ("less_is_better", "2026-03-05")
    ahead = (await set_milestone(desk, metric="mrr", threshold="20000")).json()
    assert (ahead["reached_on"], ahead["progress"]["progress_pct"]) == (None, "65.00")
    lowered = await desk.client.patch(milestones(desk, f"/{ahead['id']}"), json={"threshold": "12000", "version": 1})
    assert lowered.json()["reached_on"] == "2026-03-05"
    assert len(await reached(desk)) == 3


async def test_a_person_reaches_a_milestone_of_their_own(desk: Desk) -> None:
    milestone_id = (await set_milestone(desk, name="Office opened", due_on="2026-01-31")).json()["id"]
    path = milestones(desk, f"/{milestone_id}")
    assert (await desk.client.get(path)).json()["overdue"] is True
    assert (await desk.client.post(f"{path}/reach", json={"reached_on": "2100-01-01"})).status_code == 422
    done = (await desk.client.post(f"{path}/reach", json={"reached_on": "2026-01-30"})).json()
    assert (done["reached_on"], done["reached_by"], done["overdue"]) == ("2026-01-30", str(desk.org.owner), False)
    again = await desk.client.post(f"{path}/reach")
    assert (again.status_code, again.json()["allowed_actions"]) == (409, ["update", "archive"])
    assert [event.name for event in await reached(desk)] == ["Office opened"]
    assert (await desk.activity())[0] == 'The milestone "Office opened" was reached on 2026-01-30'


async def test_an_archived_milestone_is_not_reached(desk: Desk) -> None:
    made = (await set_milestone(desk, metric="mrr", threshold="13000")).json()
    path = milestones(desk, f"/{made['id']}")
    assert (await desk.client.post(f"{path}/archive")).json()["allowed_actions"] == ["unarchive"]
    assert (await desk.client.post(f"{path}/reach")).json()["code"] == "milestone_state"
    await desk.house.publish(desk.compared(5, observed_on=made["counts_from"]))
    assert await reached(desk) == []
    assert (await desk.client.post(f"{path}/unarchive")).json()["reached_on"] == made["counts_from"]


async def test_others_see_none_of_it_and_viewers_change_nothing(desk: Desk) -> None:
    goal_id = (await set_goal(desk)).json()["id"]
    milestone_id = (await set_milestone(desk)).json()["id"]
    stranger = desk.house.client("plans", await desk.house.organization(slug="other", name="Other"))
    viewer = desk.house.client("plans", desk.org, Role.VIEWER, user=new_id())
    second = (await desk.client.post("/ventures", json={"name": "Second"})).json()["id"]
    for noun, key, action in [("goals", goal_id, "drop"), ("milestones", milestone_id, "reach")]:
        path = f"/ventures/{desk.venture_id}/{noun}"
        body = {"title": "x"} if noun == "goals" else {"name": "x"}
        for method, place, given in [
            ("GET", path, None),
            ("GET", f"{path}/{key}", None),
            ("POST", path, body),
            ("PATCH", f"{path}/{key}", body),
            ("POST", f"{path}/{key}/{action}", None),
            ("POST", f"{path}/{key}/archive", None),
        ]:
            assert (await stranger.request(method, place, json=given)).status_code == 404, (method, place)
            expected = 200 if method == "GET" else 403
            assert (await viewer.request(method, place, json=given)).status_code == expected, (method, place)
        assert (await desk.client.get(f"/ventures/{second}/{noun}/{key}")).status_code == 404
    await desk.client.post(f"/ventures/{desk.venture_id}/archive")
    assert (await set_goal(desk)).json()["code"] == "venture_archived"
    assert (await set_milestone(desk)).json()["code"] == "venture_archived"
