from tests.service.plans.desk import TARGETS, Desk


async def test_a_stale_save_is_answered_with_all_that_a_merge_needs(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one", "moat": "deep"}, targets=TARGETS)
    other = desk.somebody_else()
    await desk.save(other, strategy={"vision": "theirs", "moat": "deep", "team": "us"}, targets=TARGETS, version=1)
    mine = {"strategy": {"vision": "mine", "moat": "deeper"}, "targets": TARGETS | {"target_mrr": "90000"}}
    stale = await desk.client.put(desk.path, json=mine, headers={"If-Match": '"1"'})
    problem = stale.json()
    assert (stale.status_code, problem["code"], problem["current_version"]) == (409, "stale_version", 2)
    assert problem["conflicts"] == [{"field": "strategy.vision", "base": "one", "theirs": "theirs", "yours": "mine"}]
    assert problem["mergeable_fields"] == ["strategy.moat", "targets.target_mrr", "targets.target_arr"]
    assert problem["merge_errors"] == []
    merged = problem["merged"]
    assert (merged["strategy"]["vision"], merged["strategy"]["moat"], merged["strategy"]["team"]) == (
        "theirs",
        "deeper",
        "us",
    )
    merged["strategy"]["vision"] = "ours"
    saved = await desk.save(**merged, version=problem["current_version"])
    assert (saved.status_code, saved.json()["version"]) == (200, 3)
    assert saved.json()["targets"]["target_arr"] == "1080000.00"


async def test_a_save_that_asks_for_it_is_merged_when_nothing_conflicts(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one"}, targets=TARGETS)
    other = desk.somebody_else()
    await desk.save(other, strategy={"vision": "one", "team": "us"}, targets=TARGETS, version=1)
    merged = await desk.save(strategy={"vision": "two"}, targets=TARGETS, version=1, on_conflict="merge")
    assert (merged.status_code, merged.json()["version"]) == (200, 3)
    assert (merged.json()["strategy"]["vision"], merged.json()["strategy"]["team"]) == ("two", "us")
    assert merged.json()["changed_fields"] == ["strategy.vision"]
    conflicting = await desk.save(strategy={"vision": "three"}, targets=TARGETS, version=1, on_conflict="merge")
    assert (conflicting.status_code, conflicting.json()["conflicting_fields"]) == (409, ["strategy.vision"])
    unknown = await desk.save(strategy={"vision": "four"}, targets=TARGETS, version=99, on_conflict="merge")
    assert (unknown.status_code, unknown.json()["current_version"]) == (409, 3)


async def test_changes_that_do_not_fit_together_are_not_merged(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    await desk.save(desk.somebody_else(), targets=TARGETS | {"target_mrr": "200000"}, version=1)
    mine = TARGETS | {"target_arr": "1206000"}
    refused = await desk.save(targets=mine, version=1, on_conflict="merge")
    assert (refused.status_code, refused.json()["conflicting_fields"]) == (409, [])
    assert [error["loc"][-1] for error in refused.json()["merge_errors"]] == ["target_arr"]


async def test_two_people_add_metrics_of_their_own(desk: Desk) -> None:
    await desk.save(targets=TARGETS)
    churn = {"key": "churn", "name": "Churn", "unit": "%", "direction": "less_is_better", "target": "2"}
    nps = {"key": "nps", "name": "NPS", "target": "40", "target_date": "2026-06-30"}
    await desk.save(desk.somebody_else(), targets=TARGETS | {"custom_metrics": [nps]}, version=1)
    both = await desk.save(targets=TARGETS | {"custom_metrics": [churn]}, version=1, on_conflict="merge")
    assert [metric["key"] for metric in both.json()["targets"]["custom_metrics"]] == ["churn", "nps"]
    assert both.json()["financial_change"] is True
    assert both.json()["changed_fields"] == ["targets.custom_metrics.churn"]


async def test_refused_custom_metrics_name_their_field(desk: Desk) -> None:
    for metric, field in [
        ({"key": "Churn", "name": "x"}, "targets.custom_metrics.0.key"),
        ({"key": "mrr", "name": "x"}, "targets.custom_metrics.mrr.key"),
        ({"key": "churn", "name": " "}, "targets.custom_metrics.0.name"),
        ({"key": "churn", "name": "x", "target": 0.5}, "targets.custom_metrics.0.target"),
        ({"key": "churn", "name": "x", "target": "5"}, "targets.custom_metrics.churn.target_date"),
        ({"key": "churn", "name": "x", "path": "linear"}, "targets.custom_metrics.churn.target"),
    ]:
        answer = await desk.save(targets={"custom_metrics": [metric]})
        assert answer.status_code == 422, metric
        assert field in [".".join(map(str, error["loc"][1:])) for error in answer.json()["errors"]], metric
    many = [{"key": f"m{number}", "name": "x"} for number in range(21)]
    assert (await desk.save(targets={"custom_metrics": many})).status_code == 422
