"""What every endpoint does the same way, tried on a real service."""

import asyncio

from httpx2 import Response
from sqlalchemy import text

from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from tests.harness.house import House

VENTURE = {"name": "Kopi", "stage": "GROWTH"}


async def test_the_same_key_and_body_give_the_first_answer_again(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    key = {"Idempotency-Key": "a1"}
    first = await client.post("/ventures", json=VENTURE, headers=key)
    again = await client.post("/ventures", json=VENTURE, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await client.get("/ventures")).json()["items"]) == 1
    other = await client.post("/ventures", json=VENTURE | {"name": "Teh"}, headers=key)
    assert other.status_code == 409
    assert other.json()["code"] == "idempotency_key_reused"


async def test_two_at_once_with_one_key_act_once(house: House):
    await house.start("plans", "plans")
    org = await house.organization()
    clients = [house.client("plans", org, replica=replica) for replica in (0, 1)]
    key = {"Idempotency-Key": "b1"}
    answers = await asyncio.gather(*(client.post("/ventures", json=VENTURE, headers=key) for client in clients))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1


async def test_a_failed_request_leaves_its_key_free(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    key = {"Idempotency-Key": "c1"}
    assert (await client.post("/ventures", json={"name": "Kopi", "stage": "MOON"}, headers=key)).status_code == 422
    assert (await client.post("/ventures", json=VENTURE, headers=key)).status_code == 201


async def test_a_kept_answer_is_sealed(house: House):
    await house.start("ingestion")
    client = house.client("ingestion", await house.organization())
    body = {"name": "Stripe", "livemode": False}
    made = await client.post("/ingestion/stripe-connections", json=body, headers={"Idempotency-Key": "d1"})
    secret = made.json()["webhook_secret"]
    async with house.database("ingestion").transaction() as session:
        kept = (await session.execute(text("SELECT body FROM platform.idempotency_keys"))).scalar_one()
    assert secret.encode() not in bytes(kept)
    again = await client.post("/ingestion/stripe-connections", json=body, headers={"Idempotency-Key": "d1"})
    assert again.json()["webhook_secret"] == secret


async def test_a_key_is_its_callers_own(house: House):
    """A colleague, and the same person in another organization: each has an own effect and an own answer for it."""
    await house.start("plans")
    here, there = await house.organization(), await house.organization(slug="other")
    person, colleague = new_id(), new_id()
    callers = [(org, user) for org in (here, there) for user in (person, colleague)]
    clients = [house.client("plans", org, user=user) for org, user in callers]
    ventures = [(await client.post("/ventures", json=VENTURE)).json()["id"] for client in clients[::2]]
    paths = [f"/ventures/{venture}/goals" for venture in ventures for _ in range(2)]
    body, key = {"title": "Ten customers"}, {"Idempotency-Key": "shared"}

    async def send() -> list[Response]:
        sent = (client.post(path, json=body, headers=key) for client, path in zip(clients, paths, strict=True))
        return await asyncio.gather(*sent)

    first, again = await send(), await send()
    assert {answer.status_code for answer in first} == {201}
    assert not any("Idempotency-Replayed" in answer.headers for answer in first)
    assert len({answer.json()["id"] for answer in first}) == len(callers)
    assert [answer.content for answer in again] == [answer.content for answer in first]
    for client, path, made in ((clients[0], paths[0], first[:2]), (clients[2], paths[2], first[2:])):
        listed = (await client.get(path)).json()["items"]
        assert {goal["id"] for goal in listed} == {answer.json()["id"] for answer in made}
    other = await clients[1].post(paths[1], json={"title": "Twenty"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_an_unchanged_answer_is_not_sent_again(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    venture = (await client.post("/ventures", json=VENTURE)).json()
    first = await client.get(f"/ventures/{venture['id']}")
    etag = first.headers["ETag"]
    assert etag.startswith('"1-')
    assert (await client.get(f"/ventures/{venture['id']}", headers={"If-None-Match": etag})).status_code == 304
    stale = await client.patch(f"/ventures/{venture['id']}", json={"name": "Teh"}, headers={"If-Match": '"9"'})
    assert stale.status_code == 409
    assert stale.json()["current_version"] == 1
    assert (
        await client.patch(f"/ventures/{venture['id']}", json={"name": "Teh"}, headers={"If-Match": etag})
    ).status_code == 200


async def test_who_may_not_is_told_exactly_that(house: House):
    await house.start("plans")
    org, other = await house.organization(), await house.organization(slug="other")
    assert (await house.client("plans").get(f"/v1/organizations/{org.id}/ventures")).status_code == 401
    assert (await house.client("plans", org, Role.VIEWER).post("/ventures", json=VENTURE)).status_code == 403
    stranger = house.client("plans", other)
    assert (await stranger.get(f"http://test/v1/organizations/{org.id}/ventures")).status_code == 404
    tampered = house.client("plans", org)
    tampered.headers["Authorization"] += "x"
    refused = await tampered.get("/ventures")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert refused.headers["Content-Type"] == "application/problem+json"


async def test_pages_hold_every_row_once(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    for number in range(7):
        await client.post("/ventures", json=VENTURE | {"name": f"Venture {number}"})
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = (await client.get("/ventures", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))).json()
        names += [venture["name"] for venture in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(names) == [f"Venture {number}" for number in range(7)]
    for bad in ("zzz", "W10", "WyJhIl0"):
        assert (await client.get("/ventures", params={"cursor": bad})).json()["code"] == "bad_cursor"
    assert (await client.get("/ventures", params={"limit": 201})).status_code == 422


async def test_a_commit_that_fails_is_never_answered_with_success(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    # The commit itself fails: a deferred trigger raises when the transaction ends.
    async with house.operator_connection("plans") as connection:
        await connection.execute(
            "CREATE FUNCTION platform.refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'no commit today' USING ERRCODE = '40001'; END $$"
        )
        await connection.execute(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON platform.outbox DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION platform.refuse()"
        )
    answer = await client.post("/ventures", json=VENTURE)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert (await client.get("/ventures")).json()["items"] == []


async def test_what_no_database_can_hold_is_refused_by_name(house: House):
    await house.start("plans")
    client = house.client("plans", await house.organization())
    headers = {"Content-Type": "application/json"}
    for name, code in (("a\\u0000b", "nul_character"), ("a\\ud800b", "half_character")):
        body = f'{{"name": "{name}", "stage": "GROWTH"}}'
        answer = await client.post("/ventures", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    whole = '{"name": "caf\\u00e9 \\ud83d\\ude00", "stage": "GROWTH"}'
    assert (await client.post("/ventures", content=whole, headers=headers)).status_code == 201
    assert (await client.get("/ventures?cursor=%00")).status_code == 422
