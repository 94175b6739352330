import orjson
import pytest

from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from tests.harness.house import House
from tests.service.ingestion.stripe_desk import StripeDesk

CUSTOMER = {
    "id": "evt_1",
    "object": "event",
    "api_version": "2024-06-20",
    "created": 1_750_000_000,
    "livemode": False,
    "type": "customer.created",
    "data": {"object": {"id": "cus_1", "object": "customer", "metadata": {}, "name": "Ali", "email": None}},
}


async def refused(desk: StripeDesk, answer, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code
    assert await desk.raw_count() == 0


async def test_a_signed_event_is_stored_once_and_processed(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    for _ in range(3):
        assert (await desk.post(CUSTOMER)).status_code == 200
    await house.settle()
    [event] = await desk.items("raw-events")
    assert event["event_id"] == "evt_1"
    assert event["state"] == "processed"
    assert event["api_version"] == "2024-06-20"
    detail = (await desk.api.get("/ingestion/raw-events/evt_1")).json()
    assert detail["payload"] == CUSTOMER


async def test_what_is_not_signed_by_an_active_secret_is_refused(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    other = await StripeDesk.open(house, desk.organization, name="Other")
    body = orjson.dumps(CUSTOMER)
    tampered = body.replace(b"Ali", b"Eve")
    for signature in ("", "nonsense", "t=1,v1=00", f"t=x,{desk.sign(body)[2:]}", other.sign(body), "t=,v1="):
        await refused(desk, await desk.post_body(body, signature=signature), 400, "signature_invalid")
    await refused(desk, await desk.post_body(tampered, signature=desk.sign(body)), 400, "signature_invalid")
    await refused(desk, await desk.post_body(body, signature=desk.sign(body, age=301)), 400, "timestamp_too_old")
    await refused(desk, await desk.post_body(b"\xff\xfe", signature="t=1,v1=ab"), 400, "signature_invalid")
    assert (await desk.post_body(body, signature=desk.sign(body, age=290))).status_code == 200


async def test_a_body_that_is_no_event_of_this_connection_is_refused(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house, stripe_account_id="acct_1")
    cases = [
        (b"{", "malformed_json"),
        (b"", "malformed_json"),
        (b'{"a": NaN}', "malformed_json"),
        (b'"\\ud800"', "malformed_json"),
        (b"[]", "malformed_event"),
        (b"null", "malformed_event"),
        *[
            (orjson.dumps(CUSTOMER | wrong), "malformed_event")
            for wrong in (
                {"id": 5},
                {"id": None},
                {"id": "evt_" + "x" * 300},
                {"id": "evt_\x00"},
                {"id": "ch_1"},
                {"type": ["x"]},
                {"type": ""},
                {"object": "charge"},
                {"created": "now"},
                {"created": True},
                {"created": 1.5},
                {"created": -1},
                {"created": 2**62},
                {"data": []},
                {"data": {}},
                {"data": {"object": "cus_1"}},
                {"api_version": 7},
            )
        ],
        (orjson.dumps(CUSTOMER | {"livemode": True}), "wrong_mode"),
        (orjson.dumps(CUSTOMER | {"livemode": None}), "wrong_mode"),
        (orjson.dumps(CUSTOMER | {"account": "acct_2"}), "wrong_account"),
        (orjson.dumps(CUSTOMER | {"account": {}}), "wrong_account"),
    ]
    for body, code in cases:
        await refused(desk, await desk.post_body(body), 400, code)
    assert (await desk.post(CUSTOMER | {"account": "acct_1"})).status_code == 200


async def test_size_method_and_address_are_checked(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    big = orjson.dumps(CUSTOMER | {"padding": "x" * (2 * 1024 * 1024)})
    await refused(desk, await desk.post_body(big), 413, "body_too_large")
    body = orjson.dumps(CUSTOMER)
    for path in (f"/webhooks/stripe/{new_id()}", "/webhooks/stripe/nobody", "/webhooks/stripe/"):
        await refused(desk, await desk.post_body(body, path=path), 404, "unknown_connection")
    answer = await house.client("ingestion").get(desk.path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    metrics = (await house.client("ingestion").get("/metrics")).text
    assert 'trueup_webhooks_refused_total{reason="body_too_large"}' in metrics


async def test_a_disabled_connection_takes_nothing(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    path = f"/ingestion/stripe-connections/{desk.id}"
    assert (await desk.api.patch(path, json={"status": "disabled"})).json()["status"] == "disabled"
    await refused(desk, await desk.post(CUSTOMER), 404, "unknown_connection")


async def test_secrets_rotate_and_are_never_shown_again(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    path = f"/ingestion/stripe-connections/{desk.id}"
    fresh = "whsec_" + "n" * 32
    changed = await desk.api.patch(path, json={"add_webhook_secrets": [fresh], "version": 1})
    old, new = changed.json()["webhook_secrets"]
    assert new["hint"] == "nnnn"
    assert fresh not in changed.text
    assert desk.secret not in (await desk.api.get(path)).text
    retired = await desk.api.patch(path, json={"retire_webhook_secrets": [old["id"]]}, headers={"If-Match": '"2"'})
    assert retired.status_code == 200
    body = orjson.dumps(CUSTOMER)
    await refused(desk, await desk.post_body(body), 400, "signature_invalid")
    assert (await desk.post_body(body, signature=desk.sign(body, secret=fresh))).status_code == 200
    last = await desk.api.patch(path, json={"retire_webhook_secrets": [new["id"]]})
    assert last.status_code == 422
    stale = await desk.api.patch(path, json={"name": "x", "version": 1})
    assert (stale.status_code, stale.json()["current_version"]) == (409, 3)


async def test_concurrent_repeats_at_two_replicas_are_stored_once(house: House):
    await house.start("ingestion", "ingestion")
    desk = await StripeDesk.open(house)
    events = [CUSTOMER | {"id": f"evt_{number % 40}"} for number in range(400)]
    await desk.deliver(events, replicas=2, at_once=len(events))
    await house.settle()
    found = await desk.items("raw-events")
    assert len(found) == 40
    assert {event["state"] for event in found} == {"processed"}


async def test_other_organizations_see_and_reach_nothing(house: House):
    await house.start("ingestion")
    desk = await StripeDesk.open(house)
    await desk.post(CUSTOMER)
    stranger = await house.organization(slug="other")
    api = house.client("ingestion", stranger)
    assert (await api.get(f"/ingestion/stripe-connections/{desk.id}")).status_code == 404
    assert (await api.get("/ingestion/raw-events")).json()["items"] == []
    assert (await api.get("/ingestion/raw-events/evt_1")).status_code == 404
    mapping = {"connection_id": str(desk.id), "customer_id": "cus_1", "account_id": str(new_id())}
    assert (await api.put("/ingestion/customer-mappings", json=mapping)).status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
async def test_connections_need_an_admin(house: House, role: Role):
    await house.start("ingestion")
    organization = await house.organization()
    api = house.client("ingestion", organization, role)
    assert (await api.get("/ingestion/stripe-connections")).status_code == 403
    answer = await api.post("/ingestion/stripe-connections", json={"name": "x", "livemode": False})
    assert answer.status_code == 403
