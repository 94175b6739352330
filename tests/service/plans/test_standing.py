from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.plans import operations
from shared.contracts.identity import Role
from shared.contracts.plans import PlanFlagged, PlanInvestorReady, PlanStatus, PlanUpdated
from shared.contracts.sync import PerformanceStatus, ReviewCompleted, ReviewedMetric
from shared.kernel.ids import new_id
from tests.service.plans.desk import STRATEGY, TARGETS, Desk


async def test_ready_for_investors_asks_for_every_required_section_and_target(desk: Desk) -> None:
    await desk.save(strategy=STRATEGY | {"moat": None}, targets=TARGETS)
    draft = await desk.read()
    assert (draft["status"], "tag_investor_ready" in draft["allowed_actions"]) == ("DRAFT", False)
    assert [one["missing"] for one in draft["requirements"]] == [["strategy.moat"], ["strategy.moat"]]
    refused = await desk.act("investor-ready")
    assert (refused.status_code, refused.json()["code"]) == (409, "plan_incomplete")
    assert refused.json()["missing_fields"] == ["strategy.moat"]
    await desk.save(strategy=STRATEGY, targets=TARGETS)
    complete = await desk.read()
    assert (complete["status"], complete["pofw_score"]) == ("COMPLETE", 30)
    assert (await desk.act("investor-ready", version=1)).json()["code"] == "stale_version"
    ready = (await desk.act("investor-ready", label="Series A", version=2)).json()
    assert (ready["status"], ready["version"], ready["label"]) == ("INVESTOR_READY", 2, "Series A")
    assert all(one["met"] for one in ready["requirements"])
    assert "tag_investor_ready" not in ready["allowed_actions"]
    assert (await desk.act("investor-ready")).json()["investor_ready_at"] == ready["investor_ready_at"]
    await desk.house.settle()
    (tagged,) = await desk.house.events("PLANS", PlanInvestorReady)
    assert isinstance(tagged, PlanInvestorReady)
    assert (tagged.version, tagged.label, str(tagged.venture_id)) == (2, "Series A", desk.venture_id)


async def test_a_saved_change_makes_a_complete_version_and_the_tagged_one_stays(desk: Desk) -> None:
    await desk.save(strategy=STRATEGY, targets=TARGETS)
    await desk.act("investor-ready", label="Series A")
    changed = (await desk.save(strategy=STRATEGY | {"moat": "deeper"}, targets=TARGETS)).json()
    assert (changed["status"], changed["version"]) == ("COMPLETE", 2)
    assert (changed["investor_version"]["version"], changed["investor_version"]["label"]) == (1, "Series A")
    old = (await desk.client.get(f"{desk.path}/versions/1")).json()
    assert (old["status"], old["allowed_actions"]) == ("INVESTOR_READY", [])
    restored = (await desk.client.post(f"{desk.path}/versions/1/restore")).json()
    assert (restored["status"], restored["restored_from"]) == ("COMPLETE", 1)
    async with desk.house.database("plans").transaction([desk.org.id]) as session:
        assert await operations.recompute(session, desk.org.id) == 0


async def test_an_archived_plan_is_read_only_and_can_be_taken_back(desk: Desk) -> None:
    await desk.save(strategy=STRATEGY, targets=TARGETS)
    archived = (await desk.act("archive", version=1)).json()
    assert (archived["status"], archived["version"], archived["financial_change"]) == ("ARCHIVED", 2, True)
    assert (archived["allowed_actions"], archived["strategy"]["moat"]) == (["unarchive"], "our moat")
    assert (await desk.act("archive")).json()["version"] == 2
    for answer in [
        await desk.save(strategy={"vision": "x"}, version=2),
        await desk.act("investor-ready"),
        await desk.act("reviewed"),
        await desk.act("versions/1/restore"),
    ]:
        assert (answer.status_code, answer.json()["code"]) == (409, "plan_archived")
        assert answer.json()["allowed_actions"] == ["unarchive"]
    back = (await desk.act("unarchive")).json()
    assert (back["status"], back["version"]) == ("COMPLETE", 3)
    await desk.house.settle()
    told = [event for event in await desk.house.events("PLANS", PlanUpdated) if isinstance(event, PlanUpdated)]
    assert [(event.version, event.status, event.financial_change) for event in told] == [
        (2, PlanStatus.ARCHIVED, True),
        (3, PlanStatus.COMPLETE, True),
    ]
    async with desk.house.database("plans").transaction([desk.org.id]) as session:
        assert await operations.recompute(session, desk.org.id) == 0


def reviewed(desk: Desk, month: str = "2026-03", **given: Any) -> ReviewCompleted:
    metric = ReviewedMetric.model_validate({"metric": "mrr", "variance_pct": "-23.4", "status": "LAGGING"})
    return ReviewCompleted.model_validate(
        {
            "organization_id": desk.org.id,
            "venture_id": UUID(desk.venture_id),
            "month": month,
            "status": PerformanceStatus.LAGGING,
            "metrics": (metric,),
            "reviewed_at": datetime.now(UTC) + timedelta(minutes=1),
        }
        | given
    )


async def flags(desk: Desk) -> list[tuple[int, bool]]:
    await desk.house.settle()
    told = await desk.house.events("PLANS", PlanFlagged)
    return [(event.version, event.raised) for event in told if isinstance(event, PlanFlagged)]


async def test_a_lagging_review_flags_the_plan_and_a_saved_change_clears_it(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.house.publish(reviewed(desk), reviewed(desk))
    assert await flags(desk) == [(1, True)]
    review = (await desk.read())["review"]
    assert (review["needs_review"], review["month"]) == (True, "2026-03")
    assert review["reason"] == "MRR was 23.4 % below the plan in 2026-03"
    assert (await desk.save(strategy={"vision": "one"}, targets=TARGETS)).json()["review"]["needs_review"] is True
    assert (await desk.save(strategy={"vision": "two"}, targets=TARGETS)).json()["review"]["needs_review"] is False
    await desk.house.publish(reviewed(desk))
    assert await flags(desk) == [(1, True), (2, False)]
    assert [event.sequence for event in await desk.house.events("PLANS", PlanUpdated)] == [2]


async def test_a_person_who_has_reviewed_it_clears_it_too(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.house.publish(reviewed(desk))
    await desk.house.settle()
    answer = (await desk.act("reviewed", version=1)).json()
    assert (answer["review"]["needs_review"], answer["version"]) == (False, 1)
    assert answer["review"]["reviewed_by"] == str(desk.org.owner)
    assert (await desk.act("reviewed", version=9)).status_code == 409
    await desk.house.publish(reviewed(desk, revision=2))
    assert await flags(desk) == [(1, True), (2, False), (3, True)]
    await desk.house.publish(reviewed(desk, revision=3, status="ON_TRACK"), reviewed(desk, "2026-02", revision=9))
    assert await flags(desk) == [(1, True), (2, False), (3, True), (4, False)]
    feed = await desk.activity()
    assert "Reviewed version 1 of the plan" in feed
    assert "The plan no longer needs a review: the review of 2026-03 was corrected" in feed


async def test_reviews_of_ventures_without_a_plan_or_with_an_archived_one_flag_nothing(desk: Desk) -> None:
    await desk.house.publish(reviewed(desk))
    await desk.house.settle()
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.act("archive")
    await desk.house.publish(reviewed(desk, "2026-04"))
    assert await flags(desk) == []
    assert (await desk.read())["review"]["needs_review"] is False


async def test_the_activity_feed_tells_what_happened_and_by_whom(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.save(strategy={"vision": "two"}, targets=TARGETS)
    await desk.client.patch(f"{desk.path}/versions/1", json={"label": "first"})
    await desk.client.post(f"{desk.path}/versions/1/restore")
    await desk.client.patch(f"/ventures/{desk.venture_id}", json={"stage": "GROWTH"})
    assert await desk.activity() == [
        "Changed the venture: stage",
        "Restored version 1 of the plan as version 3",
        "Named version 1 of the plan: first",
        "Saved version 2 of the plan: vision",
        "Saved version 1 of the plan: vision, target_mrr, target_arr, target_date, baseline_value and 1 more",
        'Created the venture "Kopi"',
    ]
    page = (await desk.client.get(f"/ventures/{desk.venture_id}/activity", params={"limit": 2})).json()
    assert {one["actor_id"] for one in page["items"]} == {str(desk.org.owner)}
    rest = {"limit": 50, "cursor": page["next_cursor"]}
    assert len((await desk.client.get(f"/ventures/{desk.venture_id}/activity", params=rest)).json()["items"]) == 4


async def test_who_may_say_what(desk: Desk) -> None:
    await desk.save(strategy=STRATEGY, targets=TARGETS)
    viewer = desk.house.client("plans", desk.org, Role.VIEWER, user=new_id())
    member = desk.somebody_else()
    for action in ("investor-ready", "reviewed", "archive", "unarchive", "import"):
        assert (await desk.act(action, viewer)).status_code == 403, action
    assert (await desk.act("archive", member)).status_code == 403
    assert (await desk.act("investor-ready", member)).status_code == 200
    stranger = desk.house.client("plans", await desk.house.organization(slug="other", name="Other"))
    for action in ("investor-ready", "reviewed", "archive", "import"):
        assert (await desk.act(action, stranger)).status_code in (404, 422), action
    assert (await stranger.get(f"/ventures/{desk.venture_id}/activity")).status_code == 404
