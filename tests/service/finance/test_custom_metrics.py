"""A metric that an organization defines in its plans is entered, imported, carried and withdrawn like the others."""

import asyncio
from datetime import timedelta

import pytest

from shared.contracts.finance import CustomMetricCreated, MetricCreated
from shared.contracts.plans import CustomMetricTarget, PlanStatus
from shared.kernel.clock import today
from shared.kernel.ids import new_id
from tests.service.finance.conftest import Finance
from tests.service.finance.test_end_of_day import ended
from tests.service.sync.stories import Venture

NPS = CustomMetricTarget(key="nps", name="Net promoter score", unit="points")
CHURN = CustomMetricTarget(key="churn", name="Churn", unit="%")


@pytest.fixture
async def kopi(finance: Finance):
    """(organization, venture, client, path of its metrics)"""
    acme = await finance.house.organization(time_zone="UTC")
    venture = Venture(acme.id)
    await finance.tell(venture.created(), venture.plan(custom_metrics=(NPS,)))
    return acme, venture, finance.house.client("finance", acme), f"/ventures/{venture.id}/metrics"


def nps(**members):
    return {"metric": "nps", "observed_on": "2026-03-31", "value": "31"} | members


async def test_an_actual_is_entered_corrected_shown_and_withdrawn(finance: Finance, kopi):
    _, venture, client, path = kopi
    first = await client.post(path, json=nps(value="-12.5"))
    assert first.status_code == 201, "a score may be negative"
    body = first.json()
    assert (body["metric"], body["value"], body["unit"], body["currency"]) == ("nps", "-12.5", "points", None)
    await client.post(path, json=nps())
    await client.post(path, json=nps(source="override", value="35", note="counted again"))
    listed = (await client.get(path, params={"metric": "nps", "effective": True})).json()["items"]
    assert [(one["value"], one["source"], one["unit"]) for one in listed] == [("35.000000", "override", "points")]
    explained = (await client.get(f"{path}/nps/2026-03-31")).json()
    assert explained["definition"].startswith("Net promoter score (points): a metric that the organization defines")
    assert ([one["source"] for one in explained["sources"]], explained["parts"]) == (["override", "manual"], [])
    gone = await client.delete(f"{path}/nps/2026-03-31", params={"source": "override"})
    assert gone.status_code == 204
    assert (await client.get(f"{path}/nps/2026-03-31")).json()["effective"]["value"] == "31.000000"
    await finance.house.settle()
    told = await finance.house.events("FINANCE", CustomMetricCreated)
    assert [(one.metric, one.source, one.revision, one.withdrawn, one.unit) for one in told] == [
        ("nps", "manual", 1, False, "points"),
        ("nps", "manual", 2, False, "points"),
        ("nps", "override", 1, False, "points"),
        ("nps", "override", 2, True, "points"),
    ]
    assert {one.venture_id for one in told} == {venture.id}
    assert await finance.house.events("FINANCE", MetricCreated) == []


async def test_an_import_takes_kinds_and_custom_metrics_or_nothing(finance: Finance, kopi):
    *_, client, path = kopi
    wrong = await client.post(f"{path}/import", json={"metrics": [nps(metric="mrr"), nps(), nps(metric="npz")]})
    assert wrong.status_code == 422
    problem = wrong.json()
    assert (problem["code"], len(problem["errors"])) == ("unknown_metric", 1)
    assert problem["errors"][0]["loc"] == ["body", "metrics", "2", "metric"]
    assert problem["errors"][0]["msg"].endswith("runway_months, cash, nps")
    assert (await client.get(path)).json()["items"] == []
    for bad in ("NPS", "n-p-s", "", "x" * 51, 5):
        assert (await client.post(path, json=nps(metric=bad))).status_code == 422
    both = await client.post(f"{path}/import", json={"metrics": [nps(metric="mrr"), nps()]})
    assert both.json() == {"written": 2, "unchanged": 0}
    assert (await client.post(f"{path}/import", json={"metrics": [nps()]})).json() == {"written": 0, "unchanged": 1}
    assert (await client.get(f"{path}/npz/2026-03-31")).status_code == 404
    assert (await client.get(f"{path}/Npz/2026-03-31")).status_code == 422
    assert (await client.delete(f"{path}/npz/2026-03-31", params={"source": "manual"})).status_code == 404


async def test_a_plan_saved_just_now_is_waited_for_and_what_no_plan_defines_any_more_is_refused(finance: Finance, kopi):
    acme, venture, client, path = kopi
    entering = asyncio.create_task(client.post(path, json=nps(metric="churn")))
    await finance.tell(venture.plan(2, custom_metrics=(NPS, CHURN)))
    assert (await entering).status_code == 201
    # Another venture of the organization may be measured by it too, and what comes late changes nothing.
    other = Venture(acme.id, "Teh")
    await finance.tell(other.created(), venture.plan(1))
    assert (await client.post(f"/ventures/{other.id}/metrics", json=nps(metric="churn"))).status_code == 201
    stranger = await finance.house.organization(slug="other")
    theirs = Venture(stranger.id)
    await finance.tell(theirs.created())
    refused = await finance.house.client("finance", stranger).post(f"/ventures/{theirs.id}/metrics", json=nps())
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_metric")
    await finance.tell(venture.plan(3, custom_metrics=(NPS,)))
    assert (await client.post(path, json=nps(metric="churn", value="1"))).status_code == 422
    await finance.tell(venture.plan(4, custom_metrics=(NPS,)).model_copy(update={"status": PlanStatus.ARCHIVED}))
    assert (await client.post(path, json=nps(value="1"))).status_code == 422
    gone = await client.delete(f"{path}/churn/2026-03-31", params={"source": "manual"})
    assert gone.status_code == 204, "what was entered can be taken back"


async def test_the_end_of_a_day_carries_it_forward_while_a_plan_defines_it(finance: Finance, kopi):
    acme, venture, client, path = kopi
    end = today("UTC")
    first = end - timedelta(days=3)
    assert (await client.post(path, json=nps(observed_on=str(first)))).status_code == 201
    assert (await ended(finance.house, acme, end - timedelta(days=1)))["entered"] == 1
    await finance.tell(venture.plan(2, custom_metrics=(CHURN,)))
    assert (await ended(finance.house, acme, end))["entered"] == 0
    carried = [one for one in await finance.house.events("FINANCE", CustomMetricCreated) if one.carried_from]
    assert [(one.observed_on, one.carried_from, one.unit) for one in carried] == [
        (first + timedelta(days=1), first, "points")
    ]
    # A correction of what it was carried from reaches the carried day, although no plan defines it any more.
    gone = await client.delete(f"{path}/nps/{first}", params={"source": "manual"})
    assert gone.status_code == 204
    assert (await client.get(path)).json()["items"] == []
    assert (await client.get(f"/ventures/{new_id()}/metrics")).status_code == 404
