from uuid import UUID

import pytest

from shared.contracts.finance import MONEY_KINDS, MetricCreated, MetricKind
from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from tests.service.finance.conftest import Finance
from tests.service.finance.facts import changed, item, venture_created


@pytest.fixture
async def kopi(finance: Finance):
    """(organization, venture id, client, path of its metrics)"""
    acme = await finance.house.organization()
    venture = venture_created(acme.id)
    await finance.tell(venture)
    client = finance.house.client("finance", acme)
    return acme, venture.venture_id, client, f"/ventures/{venture.venture_id}/metrics"


def metric(**members):
    return {"metric": "mrr", "observed_on": "2026-03-31", "value": "1500.50"} | members


async def test_entering_an_actual_announces_it(finance: Finance, kopi) -> None:
    _, venture_id, client, path = kopi
    answer = await client.post(path, json=metric(note="from the books"))
    assert answer.status_code == 201
    body = answer.json()
    assert (body["value"], body["source"], body["revision"], body["currency"]) == ("1500.50", "manual", 1, "MYR")
    await finance.house.settle()
    [event] = await finance.house.events("FINANCE", MetricCreated)
    assert (event.venture_id, event.metric, event.note) == (venture_id, MetricKind.MRR, "from the books")
    assert event.evidence == (f"ventures/{venture_id}/metrics/mrr/2026-03-31",)


async def test_entering_it_again_is_a_new_revision_only_when_it_differs(finance: Finance, kopi) -> None:
    *_, client, path = kopi
    revisions = [(await client.post(path, json=metric(value=value))).json()["revision"] for value in ("1", "1", "2")]
    assert revisions == [1, 1, 2]
    await finance.house.settle()
    assert len(await finance.house.events("FINANCE", MetricCreated)) == 2


NO_ACTUALS = [
    ({"value": 1500.5}, "value"),
    ({"value": "1e400"}, "value"),
    ({"value": "99999999999999"}, "value"),
    ({"value": "NaN"}, "value"),
    ({"value": "-1"}, None),
    ({"metric": "customers", "value": "1.5"}, None),
    ({"metric": "gross_burn", "value": "-1"}, None),
    ({"metric": "happiness"}, "metric"),
    ({"observed_on": "2999-01-01"}, "observed_on"),
    ({"observed_on": "yesterday"}, "observed_on"),
    ({"observed_on": "0001-01-01"}, "observed_on"),
    ({"source": "calculated"}, "source"),
    ({"source": "override"}, None),
    ({"unknown": 1}, "unknown"),
]


async def test_what_is_no_actual_is_refused(finance: Finance, kopi) -> None:
    *_, client, path = kopi
    for wrong, where in NO_ACTUALS:
        answer = await client.post(path, json=metric(**wrong))
        assert answer.status_code == 422, (wrong, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        if where is not None:
            assert where in answer.json()["errors"][0]["loc"]


async def test_every_kind_is_taken_and_told(finance: Finance, kopi) -> None:
    *_, client, path = kopi
    body = {"metrics": [metric(metric=kind.value, value="5") for kind in MetricKind]}
    assert (await client.post(f"{path}/import", json=body)).json() == {"written": len(MetricKind), "unchanged": 0}
    explained = (await client.get(f"{path}/gross_burn/2026-03-31")).json()
    assert explained["definition"].startswith("Cash expenses of the last full local month.")
    await finance.house.settle()
    told = {event.metric: event.currency for event in await finance.house.events("FINANCE", MetricCreated)}
    assert told.keys() == set(MetricKind)
    assert {kind for kind, currency in told.items() if currency} == MONEY_KINDS


async def test_a_venture_of_nobody_and_a_viewer_are_refused(finance: Finance, kopi) -> None:
    acme, *_, client, path = kopi
    assert (await client.post(f"/ventures/{new_id()}/metrics", json=metric())).status_code == 404
    assert (await client.get(f"/ventures/{new_id()}/metrics")).status_code == 404
    viewer = finance.house.client("finance", acme, Role.VIEWER, user=new_id())
    assert (await viewer.post(path, json=metric())).status_code == 403
    assert (await viewer.get(path)).status_code == 200
    stranger = finance.house.client("finance", await finance.house.organization(slug="other"))
    assert (await stranger.get(path)).status_code == 404


async def test_an_override_counts_until_it_is_withdrawn(finance: Finance, kopi) -> None:
    acme, venture_id, client, path = kopi
    await finance.tell(changed(acme.id, venture_id, "2026-03-31T03:00", "1000"))
    for source, value in (("manual", "1"), ("imported", "2"), ("override", "3")):
        body = metric(source=source, value=value, note="as agreed with the auditor")
        assert (await client.post(path, json=body)).status_code == 201

    async def effective() -> tuple[str, str]:
        found = (await client.get(path, params={"metric": "mrr", "effective": True})).json()["items"]
        assert len(found) == 1
        return found[0]["source"], found[0]["value"]

    assert await effective() == ("override", "3.000000")
    everything = (await client.get(path, params={"metric": "mrr"})).json()["items"]
    assert {each["source"] for each in everything} == {"override", "calculated", "imported", "manual"}
    gone = await client.delete(f"{path}/mrr/2026-03-31", params={"source": "override"})
    assert gone.status_code == 204
    assert await effective() == ("calculated", "1000.000000")
    assert (await client.delete(f"{path}/mrr/2026-03-31", params={"source": "override"})).status_code == 404
    await finance.house.settle()
    events = [event for event in await finance.house.events("FINANCE", MetricCreated) if event.source == "override"]
    assert [(event.revision, event.withdrawn) for event in events] == [(1, False), (2, True)]


async def test_filters_and_pages(finance: Finance, kopi) -> None:
    *_, client, path = kopi
    days = [f"2026-0{month}-15" for month in range(1, 7)]
    body = {"metrics": [metric(metric="cash", observed_on=day) for day in days]}
    assert (await client.post(f"{path}/import", json=body)).json() == {"written": 6, "unchanged": 0}
    assert (await client.post(f"{path}/import", json=body)).json() == {"written": 0, "unchanged": 6}
    seen, cursor = [], None
    while True:
        query = {"limit": 2, "from": "2026-02-01", "to": "2026-05-31"} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(path, params=query)).json()
        seen += [each["observed_on"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["2026-05-15", "2026-04-15", "2026-03-15", "2026-02-15"]
    assert (await client.get(path, params={"kind": "mrr"})).json()["items"] == []
    assert (await client.get(path, params={"from": "2026-05-01", "to": "2026-04-01"})).status_code == 422


async def test_an_import_is_taken_in_whole_or_not_at_all(finance: Finance, kopi) -> None:
    *_, client, path = kopi
    future = metric(observed_on="2999-01-01")
    answer = await client.post(f"{path}/import", json={"metrics": [metric(), future]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "metrics", "1", "observed_on"]
    twice = await client.post(f"{path}/import", json={"metrics": [metric(), metric(value="2")]})
    assert twice.status_code == 422
    assert (await client.get(path)).json()["items"] == []


async def test_a_figure_opens_into_its_subscriptions_and_their_events(finance: Finance, kopi) -> None:
    acme, venture_id, client, path = kopi
    await finance.tell(
        changed(acme.id, venture_id, "2026-02-10T03:00", "100"),
        changed(acme.id, venture_id, "2026-03-10T03:00", "150"),
        changed(
            acme.id, venture_id, "2026-03-10T04:00", items=(item("600", interval="year"),), subscription_id="sub_2"
        ),
        changed(acme.id, venture_id, "2026-03-10T05:00", "9", currency="USD", subscription_id="sub_3"),
        changed(acme.id, None, "2026-03-10T05:00", "9", subscription_id="sub_4"),
    )
    body = (await client.get(f"{path}/mrr/2026-03-10")).json()
    assert body["effective"]["value"] == "200.000000"
    assert body["effective"]["unconverted"] == [{"currency": "USD", "amount": "9.000000"}]
    assert [(part["subscription_id"], part["mrr"], part["evidence"]) for part in body["parts"]] == [
        ("sub_1", "150.000000", ["evt_2026-03-10T03:00"]),
        ("sub_2", "50.000000", ["evt_2026-03-10T04:00"]),
        ("sub_3", "9.000000", ["evt_2026-03-10T05:00"]),
    ]
    assert body["sums"] == [{"currency": "MYR", "amount": "200.000000"}, {"currency": "USD", "amount": "9.000000"}]
    assert (body["parts_total"], body["customers"]) == (3, 1)
    assert body["policy"]["version"] == 1
    assert body["policy"]["settings"]["week_factor"] == "52/12"
    growth = (await client.get(f"{path}/growth_rate/2026-03-10")).json()
    assert growth["effective"]["value"] == "1.000000"
    assert growth["earlier"] == {"day": "2026-02-10", "mrr": "100.000000"}
    assert (await client.get(f"{path}/mrr/2026-03-11")).status_code == 404


async def test_subscriptions_with_what_they_count_for_today(finance: Finance, kopi) -> None:
    acme, venture_id, client, _ = kopi
    account = UUID(int=12)
    await finance.tell(
        changed(acme.id, venture_id, "2026-02-10T03:00", "100", account_id=account),
        changed(acme.id, venture_id, "2026-02-10T03:00", subscription_id="sub_2", status="trialing"),
        changed(acme.id, None, "2026-02-10T03:00", "30", subscription_id="sub_3"),
    )

    async def listed(**query):
        page = (await client.get("/finance/subscriptions", params=query)).json()
        return [(each["subscription_id"], each["state"], each["mrr"]) for each in page["items"]]

    assert await listed() == [
        ("sub_1", "active", "100.000000"),
        ("sub_2", "trial", "0.000000"),
        ("sub_3", "active", "30.000000"),
    ]
    assert [each[0] for each in await listed(venture_id=venture_id)] == ["sub_1", "sub_2"]
    assert [each[0] for each in await listed(account_id=account)] == ["sub_1"]
    assert [each[0] for each in await listed(status="trialing")] == ["sub_2"]
    assert [each[0] for each in await listed(state="active", shared=True)] == ["sub_3"]
    assert await listed(venture_id=new_id()) == []
    first = (await client.get("/finance/subscriptions", params={"limit": 2})).json()
    rest = (await client.get("/finance/subscriptions", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["subscription_id"] for each in rest["items"]] == ["sub_3"]
