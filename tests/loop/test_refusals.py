"""What must not come in does not come in: a 4xx that says why, and nothing stored."""

import io
import time
from typing import Any

import orjson
import pytest

from tests.loop.histories import busy_history
from tests.loop.people import Outside, Tenant
from tests.loop.system import System
from trueup.stripe_double import sign


@pytest.fixture(params=["gateway", "ingestion"])
def way(request: pytest.FixtureRequest) -> str:
    """Through the gateway, and straight to the service."""
    return request.param


async def post(door: Outside, url: str, body: bytes, signature: str | None) -> tuple[int, dict[str, Any]]:
    headers = {"Content-Type": "application/json"} | ({"Stripe-Signature": signature} if signature else {})
    async with door.session.post(url, data=io.BytesIO(body), headers=headers) as response:
        if response.status >= 400:
            assert response.content_type == "application/problem+json"
        return response.status, orjson.loads(await response.read() or b"{}")


def url_of(system: System, way: str, connection: str) -> str:
    return f"{system.url(way)}/webhooks/stripe/{connection}"


def event_body(**changes: Any) -> bytes:
    return orjson.dumps(busy_history({"v": "1"}, 1)[0] | changes)


async def test_refused_webhooks_leave_nothing(system: System, door: Outside, way: str):
    tenant, other = await door.tenant(), await door.tenant()
    assert tenant.endpoint is not None
    assert other.endpoint is not None
    connection, secret = tenant.endpoint.connection_id, tenant.endpoint.secret
    now, good = int(time.time()), event_body()
    url = url_of(system, way, connection)
    deleted = "0197b0c0-0000-7000-8000-000000000000"
    attempts = {
        "no signature": (url, good, None, 400),
        "no such scheme": (url, good, "nonsense", 400),
        "wrong signature": (url, good, sign(good + b" ", secret, now), 400),
        "old timestamp": (url, good, sign(good, secret, now - 301), 400),
        "another connection's secret": (url, good, sign(good, other.endpoint.secret, now), 400),
        "unknown connection": (url_of(system, way, deleted), good, sign(good, secret, now), 404),
        "no connection id": (url_of(system, way, "abc"), good, sign(good, secret, now), 404),
        "2 MiB": (url, big := b"[" + b"0," * 2**20 + b"0]", sign(big, secret, now), 413),
        "broken JSON": (url, broken := b'{"id": "evt_1",', sign(broken, secret, now), 400),
        "no object": (url, listed := b"[1, 2]", sign(listed, secret, now), 400),
        "wrong types": (url, odd := event_body(id=7), sign(odd, secret, now), 400),
        "data without object": (url, bare := event_body(data={}), sign(bare, secret, now), 400),
        "live event at a test connection": (url, live := event_body(livemode=True), sign(live, secret, now), 400),
    }
    for name, (address, body, signature, status) in attempts.items():
        answered, problem = await post(door, address, body, signature)
        assert answered == status, (name, answered, problem)
        assert problem["code"], name
        assert problem["detail"], name
    assert (await tenant.get("ingestion/raw-events"))["items"] == []
    assert (await other.get("ingestion/raw-events"))["items"] == []


async def test_refusals_are_counted_by_reason(system: System, door: Outside):
    tenant: Tenant = await door.tenant()
    assert tenant.endpoint is not None
    body = event_body()
    direct = url_of(system, "ingestion", tenant.endpoint.connection_id)
    await post(door, direct, body, sign(body, "whsec_wrong", int(time.time())))
    async with door.session.get(f"{system.url('ingestion')}/metrics") as response:
        text = await response.text()
    assert "trueup_webhooks_refused_total{reason=" in text


async def test_an_unknown_event_type_is_stored_and_changes_nothing(system: System, door: Outside):
    tenant = await door.tenant()
    await tenant.deliver([orjson.loads(event_body(type="radar.early_fraud_warning.created"))])
    system.settle()
    stored = (await tenant.get("ingestion/raw-events"))["items"]
    assert [event["type"] for event in stored] == ["radar.early_fraud_warning.created"]
    assert (await tenant.get("ingestion/payments"))["items"] == []


async def test_another_organizations_things_are_not_found(door: Outside):
    mine, theirs = await door.tenant(), await door.tenant()
    assert theirs.endpoint is not None
    venture = await theirs.venture("Secret", {"target_mrr": "1000", "target_date": "2030-01-01"})
    for path in (
        f"ventures/{venture}",
        f"ventures/{venture}/plan",
        f"ingestion/stripe-connections/{theirs.endpoint.connection_id}",
    ):
        for base in (mine.path, theirs.path):
            async with door.session.get(
                f"{door.door.url}{base}/{path}", headers={"Authorization": f"Bearer {mine.owner.token}"}
            ) as response:
                assert response.status == 404, (base, path)
                assert b"Secret" not in await response.read()
