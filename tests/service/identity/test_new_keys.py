"""An API key is used in the line after the one that made it, while its event is still on its way to the service."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from shared.kernel.ids import new_id
from shared.platform.auth import new_keys
from shared.platform.auth.api_keys import new_api_key
from shared.platform.db.platform_tables import ApiKeyRow
from shared.platform.tenancy import subscription
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.test_organizations import founded
from trueup.demo.door import until

READS = {
    "plans": "ventures",
    "ingestion": "ingestion/status",
    "finance": "finance/accounts",
    "sync": "alerts",
    "reporting": "dashboard/portfolio",
}
LONG_S = 300.0
"""Longer than a test may last: whatever is answered was not waited for."""


class SlowConsumers:
    """Consumers that do not get on with API keys until they are let."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = asyncio.Event()
        upsert = subscription.bulk_upsert

        async def slow(session: Any, model: Any, rows: Any, **given: Any) -> Any:
            if model is ApiKeyRow and rows:
                await self.go_on.wait()
            return await upsert(session, model, rows, **given)

        monkeypatch.setattr(subscription, "bulk_upsert", slow)
        monkeypatch.setattr(new_keys, "PATIENCE_SECONDS", LONG_S)


@pytest.fixture
def consumers(monkeypatch: pytest.MonkeyPatch) -> SlowConsumers:
    return SlowConsumers(monkeypatch)


async def new_key(desk: FrontDesk, owner: str, org: dict[str, Any]) -> dict[str, Any]:
    made = await desk.post(f"/v1/organizations/{org['id']}/api-keys", {"name": "A script", "role": "admin"}, owner)
    assert made.status_code == 201, made.text
    return made.json()


async def read(desk: FrontDesk, service: str, org: dict[str, Any], key: str) -> httpx2.Response:
    path = f"/v1/organizations/{org['id']}/{READS[service]}"
    return await desk.house.client(service).get(path, headers={"Authorization": f"Bearer {key}"})


def awaited(desk: FrontDesk, service: str) -> int:
    """How many keys a service waits for."""
    return len(desk.house.replicas[service][0].runtime.new_keys._awaited)


async def holds(true: Callable[[], bool]) -> None:
    await until(lambda: true() or None, "what is waited for")


async def test_a_key_works_at_every_service_before_its_event_is_there(
    desk: FrontDesk, consumers: SlowConsumers
) -> None:
    await desk.house.start(*READS)
    owner, org = await founded(desk)
    key = (await new_key(desk, owner, org))["key"]
    asked = [asyncio.create_task(read(desk, service, org, key)) for service in READS]
    await holds(lambda: all(awaited(desk, service) for service in READS))
    assert not any(one.done() for one in asked)
    consumers.go_on.set()
    answers = await asyncio.gather(*asked)
    assert [one.status_code for one in answers] == [200] * len(READS), [one.text for one in answers]
    assert not any(awaited(desk, service) for service in READS)


async def test_a_service_that_does_not_hear_of_a_key_in_time_says_when_to_come_again(
    desk: FrontDesk, consumers: SlowConsumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.house.start("plans")
    owner, org = await founded(desk)
    key = (await new_key(desk, owner, org))["key"]
    monkeypatch.setattr(new_keys, "PATIENCE_SECONDS", 0.1)
    late = await read(desk, "plans", org, key)
    assert (late.status_code, late.headers["retry-after"], late.json()["code"]) == (503, "1", "unavailable")
    consumers.go_on.set()
    await desk.house.settle()
    assert (await read(desk, "plans", org, key)).status_code == 200


async def test_whoever_waits_takes_no_others_place(
    desk: FrontDesk, consumers: SlowConsumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_keys, "KEYS_AT_ONCE", 1)
    desk.house.settings["pool_size"] = 2
    await desk.house.start("plans")
    owner, org = await founded(desk)
    consumers.go_on.set()
    known = await new_key(desk, owner, org)
    await desk.house.settle()
    consumers.go_on.clear()
    first, second = [(await new_key(desk, owner, org))["key"] for _ in range(2)]
    waiting = [asyncio.create_task(read(desk, "plans", org, first)) for _ in range(20)]
    await holds(lambda: awaited(desk, "plans") == 1)
    assert (await read(desk, "plans", org, known["key"])).status_code == 200
    assert (await read(desk, "plans", org, second)).status_code == 503, "no place is left for it"
    waiting.pop().cancel()  # one goes away, the others are answered
    consumers.go_on.set()
    assert {(await one).status_code for one in waiting} == {200}


async def test_what_is_no_key_of_ours_any_more_or_never_was_is_refused_without_waiting(
    desk: FrontDesk, consumers: SlowConsumers
) -> None:
    await desk.house.start("plans")
    owner, org = await founded(desk)
    consumers.go_on.set()
    revoked, kept = await new_key(desk, owner, org), await new_key(desk, owner, org)
    path = f"/v1/organizations/{org['id']}/api-keys/{revoked['id']}"
    assert (await desk.call("DELETE", path, owner)).status_code == 204
    await desk.house.settle()
    consumers.go_on.clear()
    good, secret = kept["key"], desk.house.settings_of("plans").secret_key_bytes
    guessed, _ = new_api_key(b"another secret key of 32 bytes..", new_id())
    old, _ = new_api_key(secret, UUID(int=new_id().int - (2 * 3_600_000 << 80)))
    other_end = good[:-1] + ("A" if good[-1] != "A" else "B")
    for credential in (revoked["key"], guessed, old, other_end, "trueup_", good + "x"):
        refused = await read(desk, "plans", org, credential)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert awaited(desk, "plans") == 0
    assert (await read(desk, "plans", org, good)).status_code == 200
