"""Webhooks out: signed, again until they arrive, never lost, never to the inside, and everything in a log."""

import asyncio
import socket
from datetime import timedelta
from uuid import uuid4

import pytest
from aiohttp import web
from sqlalchemy import select, update

from services.sync.delivery import sending
from services.sync.delivery.models import WebhookDelivery
from services.sync.delivery.rules.schedule import LONGEST_FAILURE
from services.sync.delivery.sending import serve
from services.sync.errand.models import WEBHOOK, Errand
from services.sync.webhook.models import WebhookEndpoint
from shared.contracts.identity import Role
from shared.kernel import clock
from shared.platform import failpoints
from tests.harness.house import House
from tests.service.sync.stories import Venture, a_house_with_sync
from tests.service.sync.telling import (
    LONG,
    Person,
    Receiver,
    deliveries,
    deviate,
    endpoint,
    errand_of,
    inbox,
    is_signed,
    receiver,
    until,
)

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """This machine may be posted to, but for one network; letters go to a folder of the test."""
    monkeypatch.setenv("TRUEUP_WEBHOOK_NETWORKS", "127.0.0.0/16")
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path / "mail"))


@pytest.fixture
async def program():
    async with receiver() as made:
        yield made


def at_once(monkeypatch) -> None:
    """Failures are repeated at once."""
    monkeypatch.setattr(sending, "backoff", lambda _failures, _spread: timedelta(0))


async def until_settled(house: House, organization, endpoint_id: str, count: int = 1):
    """The log of an endpoint, once so many deliveries are settled."""
    for _ in range(LONG):
        found = await deliveries(house, organization, endpoint_id)
        if sum(one["settled_at"] is not None for one in found) >= count:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def logged(house: House, organization, endpoint_id: str, delivery_id: str):
    shown = await house.client("sync", organization).get(f"/webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}")
    assert shown.status_code == 200, shown.text
    return shown.json()


async def test_what_an_endpoint_wants_is_posted_signed_and_logged(house: House, program: Receiver):
    organization, venture = await a_house_with_sync(house, replicas=2)
    other = Venture(organization.id, name="Teh")
    await house.publish(other.created())
    await house.settle()
    wanted = {
        "types": ["alert.raised", "alert.resolved"],
        "minimum_severity": "WARNING",
        "venture_ids": [str(venture.id)],
    }
    made = await endpoint(house, organization, program.url, **wanted)
    assert made["secret"].startswith("whsec_")
    await deviate(house, venture)
    await deviate(house, other)
    await deviate(house, venture, "10000", revision=2)
    (resolved, raised) = await until_settled(house, organization, made["id"], 2)
    assert [resolved["type"], raised["type"]] == ["alert.resolved", "alert.raised"]
    assert [request.said["type"] for request in program.requests] == ["alert.raised", "alert.resolved"]
    first = program.requests[0]
    assert first.id == raised["id"]
    assert is_signed(made["secret"], first.headers, first.body)
    assert not is_signed(made["secret"], first.headers, first.body + b" ")
    data = first.said["data"]
    assert (data["alert_type"], data["severity"], data["venture_id"]) == (
        "MRR_BELOW_TARGET",
        "WARNING",
        str(venture.id),
    )
    assert data["variance_pct"] == "-20.00"
    shown = await logged(house, organization, made["id"], raised["id"])
    assert shown["body"] == first.said
    assert [(one["number"], one["status_code"], one["error"]) for one in shown["log"]] == [(1, 204, None)]
    read = await house.client("sync", organization).get(f"/webhook-endpoints/{made['id']}")
    assert made["secret"] not in read.text
    async with house.operator_connection("sync") as connection:
        rows = await (await connection.execute("SELECT e::text FROM owned.webhook_endpoints e")).fetchall()
    assert made["secret"] not in str(rows)


async def test_again_until_it_arrives_with_the_same_id_and_a_fresh_signature(
    house: House, program: Receiver, monkeypatch
):
    at_once(monkeypatch)
    organization, venture = await a_house_with_sync(house)
    long_text = "x\x00" + "no " * 5000
    program.answers = [
        web.Response(status=500, text=long_text),
        web.Response(status=302, headers={"Location": f"{program.url}/elsewhere"}),
        web.Response(status=400),
    ]
    made = await endpoint(house, organization, program.url, types=["alert.raised"], minimum_severity="WARNING")
    await deviate(house, venture)
    (delivery,) = await until_settled(house, organization, made["id"])
    assert (delivery["state"], delivery["attempts"], delivery["next_attempt_at"]) == ("delivered", 4, None)
    log = (await logged(house, organization, made["id"], delivery["id"]))["log"]
    assert [one["status_code"] for one in log] == [500, 302, 400, 204]
    assert len(log[0]["answer"]) == 1000
    assert len(program.requests) == 4, "no redirection is followed"
    assert {request.id for request in program.requests} == {delivery["id"]}
    assert all(is_signed(made["secret"], request.headers, request.body) for request in program.requests)
    found = (await house.client("sync", organization).get(f"/webhook-endpoints/{made['id']}")).json()
    assert (found["failures"], found["failing_since"]) == (0, None)


async def test_killed_between_posting_and_noting_it_is_posted_again_and_never_lost(
    house: House, program: Receiver, monkeypatch
):
    await house.start("sync", roles=("http", "consumers", "relay", "balancer", "notifier"))
    organization = await house.organization()
    venture = Venture(organization.id)
    await house.publish(venture.created())
    await house.settle()
    made = await endpoint(house, organization, program.url, types=["alert.raised"], minimum_severity="WARNING")
    await deviate(house, venture, settled=False)
    runtime = house.replicas["sync"][0].runtime
    held = await errand_of(house, WEBHOOK)
    async with runtime.database.transaction() as session:
        await session.execute(update(Errand).values(held_until=clock.now() + timedelta(minutes=1)))
    monkeypatch.setattr(failpoints, "_armed", failpoints._Armed("webhooks.after_post:error", "sync"))
    with pytest.raises(failpoints.FailpointError):
        await serve(runtime, held)
    assert len(program.requests) == 1
    (waiting,) = await deliveries(house, organization, made["id"])
    assert (waiting["state"], waiting["attempts"]) == ("waiting", 0)
    # The next replica takes it over when the hold of the dead one ends.
    async with runtime.database.transaction() as session:
        await session.execute(update(Errand).values(held_until=clock.now() - timedelta(seconds=1)))
    await house.start("sync", roles=("webhooks",))
    (delivery,) = await until_settled(house, organization, made["id"])
    assert delivery["state"] == "delivered"
    assert [request.id for request in program.requests] == [delivery["id"]] * 2


async def test_nothing_is_posted_to_the_inside(house: House, program: Receiver, monkeypatch):
    organization, _venture = await a_house_with_sync(house)
    monkeypatch.setenv("TRUEUP_WEBHOOK_NETWORKS", "127.1.0.0/16")
    client = house.client("sync", organization)
    for url in ("https://127.0.0.1/", "http://192.168.0.1/", "https://[::1]/", "https://169.254.169.254/"):
        refused = await client.post("/webhook-endpoints", json={"name": "In", "url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, "url_refused"), url
        assert refused.json()["errors"][0]["loc"] == ["body", "url"]
    # A name that leads inside is only found out when it is asked.
    named = program.url.replace("127.0.0.1", "hooks.example.com")
    resolved = socket.getaddrinfo("127.0.0.1", int(named.rpartition(":")[2].partition("/")[0]), type=socket.SOCK_STREAM)

    async def getaddrinfo(*_args, **_options):
        return resolved

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo, raising=False)
    made = await endpoint(house, organization, named, types=["webhook.test"])
    tested = await client.post(f"/webhook-endpoints/{made['id']}/test")
    assert tested.status_code == 202, tested.text
    for _ in range(LONG):
        (delivery,) = await deliveries(house, organization, made["id"])
        if delivery["attempts"]:
            break
        await asyncio.sleep(0.02)
    log = (await logged(house, organization, made["id"], delivery["id"]))["log"]
    assert [(one["status_code"], one["error"]) for one in log] == [(None, "address_not_allowed")]
    assert program.requests == []


async def test_after_days_of_nothing_an_endpoint_is_switched_off_and_comes_back_with_what_waited(
    house: House, program: Receiver
):
    organization, venture = await a_house_with_sync(house)
    admin, member = Person(organization, Role.ADMIN), Person(organization)
    await house.publish(admin.joined(), member.joined())
    await house.settle()
    made = await endpoint(house, organization, program.url, types=["alert.raised"], minimum_severity="WARNING")
    path = f"/webhook-endpoints/{made['id']}"
    since = clock.now() - LONGEST_FAILURE
    async with house.database("sync").transaction([organization.id]) as session:
        await session.execute(update(WebhookEndpoint).values(failing_since=since, failures=40))
    program.answers = [web.Response(status=503)]
    await deviate(house, venture)
    client = house.client("sync", organization)
    for _ in range(LONG):
        found = (await client.get(path)).json()
        if found["status"] == "disabled":
            break
        await asyncio.sleep(0.02)
    assert "Nothing has arrived there since" in found["disabled_reason"]
    assert found["allowed_actions"] == ["enable", "rotate", "archive"]
    await house.settle()
    told = [one for one in await inbox(house, admin) if one["type"] == "webhook.disabled"]
    assert [one["action"]["path"] for one in told] == ["webhook-endpoints"]
    assert [one["type"] for one in await inbox(house, member)].count("webhook.disabled") == 0
    assert (await client.post(f"{path}/test")).json()["allowed_actions"] == ["enable"]
    (waiting,) = await deliveries(house, organization, made["id"])
    assert waiting["state"] == "waiting"
    again = await client.patch(path, json={"status": "active"}, headers={"If-Match": f'"{found["version"]}"'})
    assert (again.status_code, again.json()["failures"]) == (200, 0)
    (delivery,) = await until_settled(house, organization, made["id"])
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 2)
    # Gone is gone at once; by hand a message goes out once more.
    program.answers = [web.Response(status=410)]
    redelivered = await client.post(f"{path}/deliveries/{delivery['id']}/redeliver")
    assert (redelivered.status_code, redelivered.json()["state"]) == (202, "waiting")
    for _ in range(LONG):
        if (await client.get(path)).json()["status"] == "disabled":
            break
        await asyncio.sleep(0.02)
    assert "410" in (await client.get(path)).json()["disabled_reason"]
    assert {request.id for request in program.requests} == {delivery["id"]}


async def test_given_up_after_the_last_try(house: House, program: Receiver, monkeypatch):
    at_once(monkeypatch)
    organization, _venture = await a_house_with_sync(house)
    program.answers = [web.Response(status=500) for _ in range(20)]
    made = await endpoint(house, organization, program.url)
    await house.client("sync", organization).post(f"/webhook-endpoints/{made['id']}/test")
    (delivery,) = await until_settled(house, organization, made["id"])
    assert (delivery["state"], delivery["attempts"]) == ("failed", 20)
    await house.settle()
    async with house.database("sync").transaction() as session:
        assert (await session.scalars(select(Errand))).all() == []


async def test_secrets_rotate_with_an_overlap_and_are_shown_once(house: House, program: Receiver):
    organization, _venture = await a_house_with_sync(house)
    made = await endpoint(house, organization, program.url)
    client = house.client("sync", organization)
    path = f"/webhook-endpoints/{made['id']}"
    key = {"Idempotency-Key": "rotate"}
    rotated = await client.post(f"{path}/secrets", json={"overlap_hours": 1}, headers=key)
    assert rotated.status_code == 201
    assert (await client.post(f"{path}/secrets", json={"overlap_hours": 1}, headers=key)).json() == rotated.json()
    secret = rotated.json()["secret"]
    await client.post(f"{path}/test")
    await until_settled(house, organization, made["id"])
    (request,) = program.requests
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for one in (made["secret"], secret):
        assert is_signed(one, request.headers, request.body)
    ended = await client.post(f"{path}/secrets", json={"overlap_hours": 0}, headers={"If-Match": '"2"'})
    assert [one["hint"] for one in ended.json()["secrets"]] == [ended.json()["secret"][-4:]]
    await client.post(f"{path}/test")
    await until_settled(house, organization, made["id"], 2)
    assert is_signed(ended.json()["secret"], program.requests[1].headers, program.requests[1].body)
    assert not is_signed(secret, program.requests[1].headers, program.requests[1].body)
    assert (await client.post(f"{path}/secrets", json={"overlap_hours": 200})).status_code == 422
    assert (await client.post(f"{path}/secrets", headers={"If-Match": '"1"'})).status_code == 409


async def test_who_may_see_to_webhooks_and_what_is_refused(house: House, program: Receiver):
    organization, venture = await a_house_with_sync(house)
    limited = Person(organization, Role.ADMIN, ventures=(venture.id,))
    await house.publish(limited.joined())
    other = await house.organization(slug="other")
    await house.settle()
    made = await endpoint(house, organization, program.url)
    path = f"/webhook-endpoints/{made['id']}"
    client = house.client("sync", organization)
    refused = [
        {"name": "Ops", "url": program.url},
        {"name": "More", "url": "not a url"},
        {"name": "More", "url": program.url, "types": ["alert.exploded"]},
        {"name": "More", "url": program.url, "types": []},
        {"name": "More", "url": program.url, "venture_ids": [str(uuid4())]},
        {"name": "More", "url": program.url, "secret": "whsec_mine"},
        {"name": "a\nb", "url": program.url},
    ]
    statuses = [(await client.post("/webhook-endpoints", json=body)).status_code for body in refused]
    assert statuses == [409, 422, 422, 422, 404, 422, 422]
    assert (await client.patch(path, json={"name": "New"}, headers={"If-Match": '"9"'})).status_code == 409
    assert (await client.patch(path, json={"url": "ftp://x"})).status_code == 422
    stranger, member = house.client("sync", other), house.client("sync", organization, Role.MEMBER)
    narrow = house.client("sync", organization, limited.role, user=limited.id)
    for asking, status in ((stranger, 404), (member, 403), (narrow, 403)):
        for method, tail in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/deliveries")):
            body = {"json": {}} if method == "PATCH" else {}
            assert (await asking.request(method, path + tail, **body)).status_code == status, (method, tail, status)
    await client.post(f"{path}/test")
    (delivery,) = await until_settled(house, organization, made["id"])
    assert (await stranger.get(f"{path}/deliveries/{delivery['id']}")).status_code == 404
    archived = await client.delete(path, headers={"If-Match": '"1"'})
    assert (archived.status_code, archived.json()["secrets"], archived.json()["allowed_actions"]) == (200, [], [])
    assert (await client.get(path)).status_code == 404
    assert (await client.get("/webhook-endpoints")).json()["items"] == []
    kept = (await client.get("/webhook-endpoints?archived=true")).json()["items"]
    assert [one["id"] for one in kept] == [made["id"]]
    assert (await deliveries(house, organization, made["id"]))[0]["id"] == delivery["id"], "the log stays"
    await endpoint(house, organization, program.url)


async def test_messages_of_others_do_not_wait_for_one_that_is_refused(house: House, program: Receiver):
    """A message that its receiver never takes is tried again later; those after it go first."""
    organization, _venture = await a_house_with_sync(house)
    made = await endpoint(house, organization, program.url)
    client = house.client("sync", organization)
    program.answers = [web.Response(status=400)]
    await client.post(f"/webhook-endpoints/{made['id']}/test")
    await until(lambda: program.requests)
    await client.post(f"/webhook-endpoints/{made['id']}/test")
    await until(lambda: len(program.requests) > 1)
    await until_settled(house, organization, made["id"], 1)
    async with house.database("sync").transaction([organization.id]) as session:
        rows = {row.id: row for row in await session.scalars(select(WebhookDelivery))}
    first, second = (rows[key] for key in sorted(rows))
    assert str(second.id) == program.requests[1].id
    assert (first.tries, second.state) == (1, "delivered")
    await house.settle()  # what has failed before is nothing to wait for
