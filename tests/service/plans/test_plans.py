import asyncio
from decimal import Decimal
from typing import Any

from services.plans import operations
from shared.contracts.finance import MetricKind
from shared.contracts.identity import Role
from shared.contracts.plans import PlanCreated, PlanUpdated
from shared.contracts.sync import PlanSyncStatus
from shared.kernel.ids import new_id
from tests.service.plans.desk import TARGETS, Desk


async def test_without_a_plan_the_answer_says_how_to_begin(desk: Desk) -> None:
    answer = await desk.client.get(desk.path)
    assert (answer.status_code, answer.json()["code"]) == (404, "plan_missing")
    assert "PUT" in answer.json()["detail"]


async def test_the_first_save_makes_version_one_and_each_change_another(desk: Desk) -> None:
    first = await desk.save(strategy={"vision": "Coffee for all"}, targets=TARGETS)
    assert first.status_code == 201, first.text
    plan = first.json()
    assert (plan["version"], plan["status"], plan["targets"]["target_arr"]) == (1, "DRAFT", "1200000.00")
    assert plan["targets"]["salary_growth"] == "0.0500"
    venture = (await desk.client.get(f"/ventures/{desk.venture_id}")).json()
    assert (venture["target_mrr"], venture["target_arr"]) == ("100000.00", "1200000.00"), "the active plan's"
    same = await desk.save(strategy={"vision": "Coffee for all"}, targets=TARGETS, version=1)
    assert (same.status_code, same.json()["version"]) == (200, 1)
    changed = await desk.save(strategy={"vision": "Tea for all"}, targets=TARGETS, version=1, label="Tea")
    assert (changed.status_code, changed.json()["version"], changed.json()["label"]) == (200, 2, "Tea")
    assert changed.json()["changed_fields"] == ["strategy.vision"]
    assert changed.json()["financial_change"] is False
    await desk.house.settle()
    created, updated = (await desk.house.events("PLANS"))[1:]
    assert isinstance(created, PlanCreated)
    assert isinstance(updated, PlanUpdated)
    assert (created.version, created.financial_change, created.targets.target_mrr) == (1, True, Decimal(100_000))
    assert (updated.version, updated.financial_change, updated.plan_id) == (2, False, created.plan_id)
    assert [(change.field, change.old, change.new) for change in updated.changes] == [
        ("strategy.vision", "Coffee for all", "Tea for all")
    ]
    assert updated.strategy.vision == "Tea for all"


async def test_what_is_read_can_be_saved_again_without_a_change(desk: Desk) -> None:
    targets = TARGETS | {
        "expected_ltv": "1000",
        "expected_cac": "300",
        "expected_growth_rate": "0.0525",
        "path": "custom",
        "custom_path": [{"month": "2026-03", "amount": "17000.5"}],
    }
    await desk.save(strategy={"key_features": ["a", "b"], "market_tam": "5000000000"}, targets=targets)
    plan = await desk.read()
    assert plan["targets"]["expected_ltv_cac"] == "3.3333"
    again = await desk.save(strategy=plan["strategy"], targets=plan["targets"], version=plan["version"])
    assert (again.status_code, again.json()["version"]) == (200, 1)


async def test_a_stale_save_says_what_both_changed(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one", "moat": "deep"}, targets=TARGETS)
    other = desk.somebody_else()
    theirs = await desk.save(other, strategy={"vision": "theirs", "moat": "deep"}, targets=TARGETS, version=1)
    assert theirs.json()["version"] == 2
    mine = await desk.save(strategy={"vision": "mine", "moat": "deep", "team": "us"}, targets=TARGETS, version=1)
    problem = mine.json()
    assert (mine.status_code, problem["code"], problem["current_version"]) == (409, "stale_version", 2)
    assert problem["they_changed"] == [{"field": "strategy.vision", "old": "one", "new": "theirs"}]
    assert [change["field"] for change in problem["you_changed"]] == ["strategy.vision", "strategy.team"]
    assert problem["conflicting_fields"] == ["strategy.vision"]
    assert (await desk.read())["version"] == 2


async def test_a_save_that_names_no_version_cannot_lose_another_s_edit(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"})
    assert (await desk.save(strategy={"vision": "two"})).json()["version"] == 2
    blind = await desk.save(desk.somebody_else(), strategy={"vision": "three"})
    assert (blind.status_code, blind.json()["code"]) == (409, "version_required")
    assert blind.json()["current_version"] == 2


async def test_versions_in_header_and_body_agree(desk: Desk) -> None:
    body = {"strategy": {"vision": "one"}}
    assert (await desk.client.put(desk.path, json=body | {"version": 1})).json()["current_version"] == 0
    await desk.client.put(desk.path, json=body)
    etag = (await desk.client.get(desk.path)).headers["etag"]
    saved = await desk.client.put(desk.path, json={"strategy": {"vision": "two"}}, headers={"If-Match": etag})
    assert saved.json()["version"] == 2
    stale = await desk.client.put(desk.path, json={"strategy": {"vision": "x"}}, headers={"If-Match": '"1"'})
    assert stale.status_code == 409
    both = await desk.client.put(desk.path, json=body | {"version": 2}, headers={"If-Match": '"1"'})
    assert both.status_code == 422
    odd = await desk.client.put(desk.path, json=body, headers={"If-Match": "yes"})
    assert odd.status_code == 422


async def test_ten_saves_of_one_version_at_once_make_one_new_version(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"})
    answers = await asyncio.gather(*(desk.save(strategy={"vision": f"v{n}"}, version=1) for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert (await desk.read())["version"] == 2


async def test_ten_first_saves_at_once_make_one_plan(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.save(strategy={"vision": "one"}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert {answer.json()["id"] for answer in answers} == {(await desk.read())["id"]}


async def test_every_version_is_kept_compared_labelled_and_restored(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    await desk.save(strategy={"vision": "two"}, targets=TARGETS | {"target_mrr": "90000"}, version=1)
    labelled = await desk.client.patch(f"{desk.path}/versions/1", json={"label": "Series A pitch"})
    assert labelled.json()["label"] == "Series A pitch"
    listed = (await desk.client.get(f"{desk.path}/versions")).json()["items"]
    assert [(one["version"], one["label"], one["target_mrr"]) for one in listed] == [
        (2, None, "90000"),
        (1, "Series A pitch", "100000.00"),
    ]
    old = (await desk.client.get(f"{desk.path}/versions/1")).json()
    assert (old["strategy"]["vision"], old["current"], old["sync_status"]) == ("one", False, None)
    diff = (await desk.client.get(f"{desk.path}/diff", params={"from": 1, "to": 2})).json()
    assert diff["financial_change"] is True
    assert [(one["field"], one["old"], one["new"]) for one in diff["changes"]] == [
        ("strategy.vision", "one", "two"),
        ("targets.target_mrr", "100000.00", "90000"),
        ("targets.target_arr", "1200000.00", "1080000.00"),
    ]
    restored = (await desk.client.post(f"{desk.path}/versions/1/restore", json={"version": 2})).json()
    assert (restored["version"], restored["restored_from"], restored["strategy"]["vision"]) == (3, 1, "one")
    again = (await desk.client.post(f"{desk.path}/versions/1/restore")).json()
    assert again["version"] == 3
    stale = await desk.client.post(f"{desk.path}/versions/1/restore", headers={"If-Match": '"2"'})
    assert stale.status_code == 409
    for path in (
        "versions/9",
        "versions/9/restore",
        "versions/0",
        f"versions/{10**30}",
        "diff?from=1&to=9",
        "diff?from=1",
    ):
        method = "POST" if path.endswith("restore") else "GET"
        assert (await desk.client.request(method, f"{desk.path}/{path}")).status_code in (404, 422), path
    await desk.house.settle()
    assert [event.sequence for event in await desk.house.events("PLANS", PlanUpdated)] == [2, 3]


REFUSED_TARGETS: list[tuple[dict[str, Any], str]] = [
    ({"target_mrr": "100", "target_arr": "1300", "target_date": "2026-12-31"}, "targets.target_arr"),
    ({"target_mrr": "100"}, "targets.target_date"),
    ({"target_customers": 5}, "targets.target_date"),
    ({"target_mrr": "-1", "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": 0.5, "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": "NaN", "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": "1E+500", "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": "1.0000001", "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": str(10**14), "target_date": "2026-12-31"}, "targets.target_mrr"),
    ({"target_mrr": str(10**13), "target_date": "2026-12-31"}, "targets.target_arr"),
    ({"target_mrr": "1", "target_date": "9999-12-31"}, "targets.target_date"),
    ({"target_mrr": "1", "target_date": "2026-02-30"}, "targets.target_date"),
    ({"target_mrr": "1", "target_date": "2026-01-01", "baseline_date": "2026-01-01"}, "targets.target_date"),
    ({"target_mrr": "1", "target_date": "2026-12-31", "path": "custom"}, "targets.custom_path"),
    ({"path": "straight"}, "targets.path"),
    ({"custom_path": [{"month": "2026-13", "amount": "1"}]}, "targets.custom_path.0.month"),
    ({"expected_growth_rate": "11"}, "targets.expected_growth_rate"),
    ({"expected_growth_rate": "1E+99999"}, "targets.expected_growth_rate"),
    ({"expected_growth_rate": "0.00001"}, "targets.expected_growth_rate"),
    ({"payroll_share": "1.01"}, "targets.payroll_share"),
    ({"target_customers": 10**40}, "targets.target_customers"),
    ({"target_customers": True}, "targets.target_customers"),
    ({"expected_ltv": "90000000000000", "expected_cac": "0.000001"}, "targets.expected_ltv_cac"),
    ({"nonsense": 1}, "targets.nonsense"),
]


async def test_refused_targets_name_their_field(desk: Desk) -> None:
    for targets, field in REFUSED_TARGETS:
        answer = await desk.save(targets=targets)
        assert answer.status_code == 422, (targets, answer.text)
        assert field in [".".join(map(str, error["loc"][1:])) for error in answer.json()["errors"]], targets
    assert (await desk.client.get(desk.path)).status_code == 404


REFUSED_STRATEGIES: list[dict[str, Any]] = [
    {"problem_score": 11},
    {"problem_score": -1},
    {"problem_score": 7.5},
    {"problem_score": "7"},
    {"problem_score": 10**30},
    {"market_tam": "-1"},
    {"market_tam": "Infinity"},
    {"vision": "a\0b"},
    {"vision": ["x"]},
    {"key_features": "x"},
    {"key_features": ["x"] * 101},
    {"vision": "x" * (256 * 1024 + 1)},
    {"motto": "x"},
]


async def test_refused_strategies(desk: Desk) -> None:
    for strategy in REFUSED_STRATEGIES:
        assert (await desk.save(strategy=strategy)).status_code == 422, str(strategy)[:80]


async def test_a_plan_of_the_greatest_size_can_be_rewritten(desk: Desk) -> None:
    """Two whole texts of 256 KB in one change still make an event that fits."""
    for character in ("a", "b"):
        answer = await desk.save(strategy={"vision": character * 200_000, "moat": "\n" * 31_072})
        assert answer.is_success, answer.text
    await desk.house.settle()
    (updated,) = await desk.house.events("PLANS", PlanUpdated)
    assert isinstance(updated, PlanUpdated)
    assert updated.strategy.vision == "b" * 200_000


async def test_an_archived_venture_s_plan_is_read_only(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"})
    await desk.client.post(f"/ventures/{desk.venture_id}/archive")
    assert (await desk.save(strategy={"vision": "two"})).json()["code"] == "venture_archived"
    assert (await desk.read())["strategy"]["vision"] == "one"


async def test_viewers_read_and_do_not_save(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"})
    viewer = desk.house.client("plans", desk.org, Role.VIEWER, user=new_id())
    assert (await viewer.get(desk.path)).status_code == 200
    for method, path in [("PUT", ""), ("PATCH", "/versions/1"), ("POST", "/versions/1/restore")]:
        assert (await viewer.request(method, desk.path + path, json={"label": "x"})).status_code == 403


async def test_sync_s_answer_is_shown_and_is_no_part_of_the_version(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    assert (await desk.read())["sync_status"] is None
    older = desk.compared(30, 1, plan_sync_status=PlanSyncStatus.IN_SYNC)
    await desk.house.publish(
        desk.compared(31, 1), older, desk.compared(31, 1), desk.compared(31, 2, metric=MetricKind.ARR)
    )
    await desk.house.settle()
    plan = await desk.read()
    assert (plan["sync_status"], plan["last_synced_at"]) == ("ACTUAL_BELOW_TARGET", "2026-03-31T12:00:00Z")
    assert plan["version"] == 1
    venture = (await desk.client.get(f"/ventures/{desk.venture_id}")).json()
    assert venture["plan"]["sync_status"] == "ACTUAL_BELOW_TARGET"
    assert (venture["target_mrr"], venture["plan"]["completeness_pct"]) == ("100000.00", plan["completeness_pct"])
    await desk.house.publish(desk.compared(31, 3, withdrawn=True))
    await desk.house.settle()
    assert (await desk.read())["sync_status"] == "IN_SYNC"
    assert await desk.house.events("PLANS", PlanUpdated) == []


async def test_figures_and_recompute(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    async with desk.house.database("plans").transaction([desk.org.id]) as session:
        (figure,) = await operations.figures(session)
        assert await operations.recompute(session, desk.org.id) == 0
    assert (figure["organization"], figure["venture"], figure["version"]) == ("acme", "Kopi", "1")
    assert (figure["target_mrr"], figure["pofw_score"]) == ("100000.000000", None)
