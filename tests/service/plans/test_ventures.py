import asyncio
from typing import Any

import pytest

from shared.contracts.identity import Role
from shared.contracts.plans import VentureCreated, VentureUpdated
from tests.harness.house import House


@pytest.fixture
async def plans(house: House) -> House:
    await house.start("plans")
    return house


async def test_a_venture_takes_the_base_currency_and_is_told(plans: House) -> None:
    org = await plans.organization(base_currency="MYR")
    client = plans.client("plans", org)
    made = await client.post("/ventures", json={"name": " Kopi Kart ", "stage": "GROWTH", "market_type": "NICHE"})
    assert made.status_code == 201, made.text
    venture = made.json()
    assert (venture["name"], venture["currency"], venture["version"], venture["plan"]) == ("Kopi Kart", "MYR", 1, None)
    assert (await client.get(f"/ventures/{venture['id']}")).json() == venture
    await plans.settle()
    (event,) = await plans.events("PLANS")
    assert isinstance(event, VentureCreated)
    assert (str(event.venture_id), event.name, event.stage.value) == (venture["id"], "Kopi Kart", "GROWTH")


async def test_a_name_is_taken_until_its_venture_is_archived(plans: House) -> None:
    org = await plans.organization()
    client = plans.client("plans", org)
    first = (await client.post("/ventures", json={"name": "Kopi"})).json()
    taken = await client.post("/ventures", json={"name": "KOPI "})
    assert (taken.status_code, taken.json()["code"]) == (409, "venture_name_taken")
    assert (await client.post(f"/ventures/{first['id']}/archive")).json()["allowed_actions"] == ["unarchive"]
    second = await client.post("/ventures", json={"name": "Kopi"})
    assert second.status_code == 201
    assert (await client.post(f"/ventures/{first['id']}/unarchive")).status_code == 409
    assert (await client.patch(f"/ventures/{first['id']}", json={"stage": "IDEA"})).json()["code"] == "venture_archived"
    shown = (await client.get("/ventures")).json()["items"]
    assert [venture["id"] for venture in shown] == [second.json()["id"]]
    everything = (await client.get("/ventures", params={"archived": "true"})).json()["items"]
    assert len(everything) == 2


async def test_ten_at_once_make_one_venture_of_a_name(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    answers = await asyncio.gather(*(client.post("/ventures", json={"name": "Kopi"}) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9


async def test_two_organizations_may_use_one_name_and_see_only_their_own(plans: House) -> None:
    ours, theirs = await plans.organization(), await plans.organization(slug="other", name="Other")
    made = (await plans.client("plans", ours).post("/ventures", json={"name": "Kopi"})).json()
    stranger = plans.client("plans", theirs)
    assert (await stranger.post("/ventures", json={"name": "Kopi"})).status_code == 201
    for method, path, body in [
        ("GET", "", None),
        ("PATCH", "", {"stage": "IDEA"}),
        ("POST", "/archive", None),
        ("GET", "/plan", None),
        ("PUT", "/plan", {"strategy": {"vision": "mine now"}}),
    ]:
        answer = await stranger.request(method, f"/ventures/{made['id']}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    trespass = await stranger.get(f"http://test/v1/organizations/{ours.id}/ventures")
    assert trespass.status_code == 404


async def test_a_change_raises_the_version_and_a_stale_one_is_refused(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    venture = (await client.post("/ventures", json={"name": "Kopi"})).json()
    path = f"/ventures/{venture['id']}"
    changed = await client.patch(path, json={"stage": "SCALING", "description": "coffee"}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = await client.patch(path, json={"stage": "IDEA", "version": 1})
    assert (stale.status_code, stale.json()["code"], stale.json()["current_version"]) == (409, "stale_version", 2)
    unchanged = await client.patch(path, json={"stage": "SCALING"})
    assert unchanged.json()["version"] == 2
    etag = (await client.get(path)).headers["etag"]
    assert (await client.patch(path, json={"name": "Teh"}, headers={"If-Match": etag})).json()["version"] == 3
    await plans.settle()
    updates = await plans.events("PLANS", VentureUpdated)
    assert [event.sequence for event in updates] == [2, 3]


@pytest.mark.parametrize(("role", "status"), [(Role.VIEWER, 403), (Role.MEMBER, 201)])
async def test_viewers_only_look(plans: House, role: Role, status: int) -> None:
    org = await plans.organization()
    assert (await plans.client("plans", org, role).post("/ventures", json={"name": "x"})).status_code == status
    assert (await plans.client("plans", org, role).get("/ventures")).status_code == 200


REFUSED: list[Any] = [
    {},
    {"name": ""},
    {"name": " "},
    {"name": "a\nb"},
    {"name": "a\0b"},
    {"name": "x" * 201},
    {"name": 5},
    {"name": "x", "currency": "XXX"},
    {"name": "x", "currency": "myr"},
    {"name": "x", "stage": "growth"},
    {"name": "x", "market_type": ""},
    {"name": "x", "description": "y" * 10_001},
    {"name": "x", "is_cash_holding": "perhaps"},
    {"name": "x", "color": "red"},
    [],
]


async def test_refused_bodies(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    for body in REFUSED:
        answer = await client.post("/ventures", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), body
    assert (await client.get("/ventures")).json()["items"] == []


async def test_half_a_surrogate_pair_is_no_text(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    for body in (b'{"name": "\\ud800"}', b'{"name": "x", "description": "\\ud800"}'):
        answer = await client.post("/ventures", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422


async def test_null_is_only_for_the_market_type(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    venture = (await client.post("/ventures", json={"name": "Kopi", "market_type": "NICHE"})).json()
    path = f"/ventures/{venture['id']}"
    assert (await client.patch(path, json={"name": None})).status_code == 422
    assert (await client.patch(path, json={"market_type": None})).json()["market_type"] is None


async def test_pages_follow_each_other(plans: House) -> None:
    client = plans.client("plans", await plans.organization())
    for number in range(5):
        await client.post("/ventures", json={"name": f"Venture {number}"})
    names, cursor = [], None
    while True:
        page = (await client.get("/ventures", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        names += [venture["name"] for venture in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == [f"Venture {number}" for number in range(5)]
