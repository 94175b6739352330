"""Scenarios, what-ifs, bands, charts, and projections that renew themselves."""

from uuid import uuid4

import pytest

from shared.contracts.finance import MetricKind
from shared.contracts.identity import Role
from shared.contracts.sync import AlertRaised, ProjectionCreated, ProjectionOutdated
from shared.kernel.clock import today
from shared.kernel.periods import add_months, month_end
from tests.harness.house import House
from tests.service.sync.stories import a_house_with_sync, answer

pytestmark = pytest.mark.asyncio


def _today():
    return today("Asia/Kuala_Lumpur")


def _targets(**given):
    day = _today()
    return {
        "target_mrr": "100000",
        "target_date": month_end(add_months(day, 11)),
        "baseline_value": "12000",
        "baseline_date": month_end(add_months(day, -1)),
        "expected_burn_rate": "5000",
        **given,
    }


async def test_scenarios_stand_beside_the_plans_own_projection(house: House):
    organization, venture = await a_house_with_sync(house)
    history = [month_end(add_months(_today(), -back)) for back in range(6, 0, -1)]
    values = (8000, 8800, 9500, 10400, 11500, 12000)
    await house.publish(*[venture.metric(day, value) for day, value in zip(history, values, strict=True)])
    await house.publish(venture.metric(history[-1], 90_000, MetricKind.CASH), venture.plan(**_targets()))
    await house.settle()
    client = house.client("sync", organization)
    base = f"/ventures/{venture.id}"

    made = await client.post(f"{base}/scenarios")
    assert made.status_code == 201, made.text
    rows = {row["scenario"]: row for row in made.json()["items"]}
    assert [row["name"] for row in rows.values()] == ["Conservative (v1)", "Base (v1)", "Aggressive (v1)"]
    assert {row["status"] for row in rows.values()} == {"ACTIVE"}
    last = {name: row["months"][-1]["revenue"] for name, row in rows.items()}
    assert float(last["conservative"]) < float(last["base"]) < float(last["aggressive"])
    assert last["base"] == "100000.000000"
    assert rows["conservative"]["assumptions"]["adjustment"]["growth_factor"] == "0.75"

    asked = {"name": "Round in spring", "steps": [{"on": str(add_months(_today(), 3)), "inflow": "500000"}]}
    viewer = house.client("sync", organization, Role.VIEWER)
    seen = await viewer.post(f"{base}/what-ifs/preview", json=asked)
    assert seen.status_code == 200, seen.text
    assert (await viewer.post(f"{base}/what-ifs", json=asked)).status_code == 403
    kept = await client.post(f"{base}/what-ifs", json=asked)
    assert kept.status_code == 201, kept.text
    assert kept.json()["months"] == seen.json()["months"]
    assert kept.json()["name"] == "Round in spring (v1)"
    own = (await client.get(f"{base}/projections")).json()["items"]
    assert sum(row["origin"] == "scenario" for row in own) == 4
    assert [row["status"] for row in own if row["origin"] == "baseline"] == ["ACTIVE"]

    pair = f"a={rows['conservative']['id']}&b={kept.json()['id']}"
    compared = (await client.get(f"{base}/projections/compare?{pair}")).json()
    assert len(compared["months"]) == 12
    picture = await client.get(f"{base}/projections/compare/chart?{pair}&measure=cash")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert "Round in spring (v1)" in picture.text
    picture = await client.get(f"{base}/projections/compare/chart?{pair}&format=png")
    assert picture.content.startswith(b"\x89PNG")

    path = f"{base}/projections/{rows['base']['id']}/bands"
    bands = (await client.get(f"{path}?seed=7")).json()
    assert bands == (await client.get(f"{path}?seed=7")).json()
    assert bands["volatility_origin"] == "observed"
    assert float(bands["months"][0]["revenue"]["p5"]) < float(bands["months"][0]["revenue"]["p95"])
    assert (await client.get(f"{path}?volatility=0.2&paths=100")).json()["volatility"] == "0.2000"

    # A financial change outdates scenarios like any projection, and a new set takes their place.
    await house.publish(venture.plan(2, **_targets(target_mrr="120000")))
    await house.settle()
    own = (await client.get(f"{base}/projections")).json()["items"]
    assert {row["status"] for row in own} == {"OUTDATED"}
    assert (await client.post(f"{base}/scenarios", json={"scenarios": ["base"]})).status_code == 201
    alerts = (await answer(house, organization, "/alerts?status=open&type=PROJECTION_OUTDATED"))["items"]
    assert len(alerts) == 1, "a scenario does not stand in for the plan's own projection"


async def test_what_cannot_be_projected_is_refused(house: House):
    organization, venture = await a_house_with_sync(house)
    client, base = house.client("sync", organization), f"/ventures/{venture.id}"
    assert (await client.post(f"{base}/scenarios")).status_code == 404
    await house.publish(venture.plan(expected_burn_rate="5"))
    await house.settle()
    refused = await client.post(f"{base}/scenarios")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_project")
    for body in (
        {"name": "x", "growth_factor": "11"},
        {"name": "x", "growth_factor": 1.5},
        {"name": "x", "monthly_growth": "-1"},
        {"name": "x", "payroll_share": "1.1"},
        {"name": "x", "steps": [{"on": "2026-02-30"}]},
        {"name": "", "cost_factor": "1"},
        {"nothing": 1},
    ):
        assert (await client.post(f"{base}/what-ifs/preview", json=body)).status_code == 422, body
    assert (await client.post(f"{base}/scenarios", json={"plan_version": 9})).status_code == 404
    await house.publish(venture.plan(2, **_targets()))
    await house.settle()
    made = (await client.post(f"{base}/scenarios", json={"scenarios": ["base"]})).json()["items"][0]
    path = f"{base}/projections/{made['id']}"
    few = await client.get(f"{path}/bands")
    assert (few.status_code, few.json()["code"]) == (409, "too_little_history")
    assert (await client.get(f"{path}/bands?paths=1")).status_code == 422

    stranger = house.client("sync", await house.organization(slug="other"))
    await house.settle()
    assert (await stranger.get(f"{path}/bands")).status_code == 404
    assert (await stranger.post(f"{base}/scenarios")).status_code == 404
    chart = f"{base}/projections/compare/chart?a={made['id']}&b="
    assert (await stranger.get(f"{chart}{made['id']}")).status_code == 404
    assert (await client.get(f"{chart}{uuid4()}")).status_code == 404


async def test_in_mode_auto_a_changed_plan_gets_its_new_projection_and_keeps_the_old(house: House):
    organization, venture = await a_house_with_sync(house)
    chosen = await house.client("sync", organization).put("/sync/settings", json={"projection_mode": "auto"})
    assert chosen.status_code == 200, chosen.text
    await house.publish(venture.plan(**_targets()))
    await house.settle()
    await house.publish(venture.plan(2, **_targets(target_mrr="120000")))
    await house.settle()
    rows = (await answer(house, organization, f"/ventures/{venture.id}/projections"))["items"]
    assert [(row["origin"], row["plan_version"], row["status"]) for row in rows] == [
        ("auto", 2, "ACTIVE"),
        ("baseline", 1, "OUTDATED"),
    ]
    assert rows[1]["note"].startswith("Plan v2 changed")
    told = [(event.origin, event.plan_version) for event in await house.events("SYNC", ProjectionCreated)]
    assert told == [("baseline", 1), ("auto", 2)]
    assert len(await house.events("SYNC", ProjectionOutdated)) == 1
    assert await house.events("SYNC", AlertRaised) == [], "what renews itself needs nobody"
