import httpx2

from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from tests.service.plans.desk import STRATEGY, TARGETS, Desk

RICH = TARGETS | {
    "path": "custom",
    "custom_path": [{"month": "2026-03", "amount": "17000.5"}],
    "expected_ltv": "1000",
    "expected_cac": "300",
    "custom_metrics": [{"key": "churn", "name": "Churn | net", "direction": "less_is_better", "target": "2"}],
}
KINDS = {"markdown": "text/markdown", "json": "application/json"}


async def export(desk: Desk, form: str, version: int = 1) -> httpx2.Response:
    return await desk.client.get(f"{desk.path}/versions/{version}/export", params={"format": form})


async def bring(
    desk: Desk, content: bytes | str, kind: str, *, path: str | None = None, **headers: str
) -> httpx2.Response:
    return await desk.client.post(
        f"{path or desk.path}/import", content=content, headers={"Content-Type": kind} | headers
    )


async def test_an_exported_version_comes_back_whole_in_another_venture(desk: Desk) -> None:
    await desk.save(
        strategy=STRATEGY | {"vision": "## Not a heading\n<!-- /trueup -->"}, targets=RICH, label="Series A"
    )
    source = await desk.read()
    for form, kind in KINDS.items():
        document = await export(desk, form)
        assert (document.status_code, document.headers["content-type"].partition(";")[0]) == (200, kind)
        other = (await desk.client.post("/ventures", json={"name": f"Copy by {form}"})).json()["id"]
        path = f"/ventures/{other}/plan"
        imported = await bring(desk, document.content, kind, path=path)
        assert imported.status_code == 201, imported.text
        copy = imported.json()
        assert (copy["version"], copy["label"], copy["status"]) == (1, "Series A", "COMPLETE")
        assert (copy["strategy"], copy["targets"]) == (source["strategy"], source["targets"])
        again = await bring(desk, document.content, kind, path=path)
        assert (again.status_code, again.json()["version"]) == (200, 1)


async def test_an_import_over_a_newer_version_is_a_conflict_by_field(desk: Desk) -> None:
    await desk.save(strategy={"vision": "one", "moat": "deep"}, targets=TARGETS)
    document = (await export(desk, "markdown")).text
    await desk.save(desk.somebody_else(), strategy={"vision": "two", "moat": "deep"}, targets=TARGETS, version=1)
    edited = document.replace("\ndeep\n", "\ndeeper\n")
    stale = await bring(desk, edited, "text/markdown", **{"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["mergeable_fields"]) == (409, ["strategy.moat"])
    headers = {"Content-Type": "text/markdown", "If-Match": '"1"'}
    merged = await desk.client.post(f"{desk.path}/import?on_conflict=merge", content=edited, headers=headers)
    assert (merged.json()["version"], merged.json()["strategy"]["vision"]) == (3, "two")
    assert merged.json()["strategy"]["moat"] == "deeper"


async def test_wrong_documents_are_answered_field_by_field(desk: Desk) -> None:
    await desk.save(strategy={"problem_score": 8}, targets=TARGETS)
    document = (await export(desk, "markdown")).text
    wrong = document.replace("| strategy.problem_score | 8 |", "| strategy.problem_score | 80 |").replace(
        "| targets.target_mrr | 100000.00 |", "| targets.target_mrr | lots |"
    )
    refused = await bring(desk, wrong, "text/markdown")
    assert refused.status_code == 422
    errors = {".".join(error["loc"][1:]): error["msg"] for error in refused.json()["errors"]}
    assert set(errors) == {"strategy.problem_score", "targets.target_mrr"}
    assert all(reason.startswith("line ") for reason in errors.values())
    apart = document.replace("| targets.target_arr | 1200000.00 |", "| targets.target_arr | 1300000 |")
    assert (await bring(desk, apart, "text/markdown")).json()["errors"][0]["loc"][-1] == "target_arr"
    foreign = document.replace("| currency | MYR |", "| currency | USD |")
    assert (await bring(desk, foreign, "text/markdown")).json()["errors"][0]["loc"][-1] == "currency"
    for content, kind, status in [
        ("{", "application/json", 422),
        ("[1]", "application/json", 422),
        (b"\xff", "text/markdown", 422),
        ("", "text/markdown", 422),
        ("x", "text/plain", 415),
        ("x", "", 415),
    ]:
        answer = await bring(desk, content, kind)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), content
    assert (await desk.read())["version"] == 1


async def test_what_cannot_be_exported(desk: Desk) -> None:
    assert (await export(desk, "markdown")).json()["code"] == "plan_missing"
    await desk.save(strategy={"vision": "one"})
    assert (await export(desk, "markdown", 9)).status_code == 404
    assert (await export(desk, "pdf")).status_code == 422
    stranger = desk.house.client("plans", await desk.house.organization(slug="other", name="Other"))
    assert (await stranger.get(f"{desk.path}/versions/1/export")).status_code == 404
    viewer = desk.house.client("plans", desk.org, Role.VIEWER, user=new_id())
    assert (await viewer.get(f"{desk.path}/versions/1/export")).status_code == 200
