import asyncio
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import text

from shared.contracts.identity import ApiKeyCreated, ApiKeyRevoked
from shared.kernel.clock import now
from tests.harness.house import SETTLE_S
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.test_organizations import founded, joined

VENTURE = {"name": "Kopi", "stage": "GROWTH"}


async def made(desk: FrontDesk, token: str, org: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    body = {"name": "CI", "role": "member"} | wanted
    answer = await desk.post(f"/v1/organizations/{org['id']}/api-keys", body, token)
    assert answer.status_code == 201, answer.text
    await desk.house.settle()  # other services know it by an event
    return answer.json()


async def ask(
    desk: FrontDesk, service: str, method: str, org: dict[str, Any], key: str, **more: Any
) -> httpx2.Response:
    path = f"/v1/organizations/{org['id']}" + ("/ventures" if service == "plans" else "")
    headers = {"Authorization": f"Bearer {key}"}
    return await desk.house.client(service).request(method, path, headers=headers, **more)


async def test_a_key_works_in_every_service_within_its_role_and_scopes(desk: FrontDesk) -> None:
    await desk.house.start("plans")
    owner, org = await founded(desk)
    other = await founded(desk, "eve@example.com", name="Evil Corp")
    key = await made(desk, owner, org)
    assert key["key"].startswith(key["hint"])
    assert (key["status"], key["scopes"], key["last_used_at"]) == ("active", None, None)
    created = await ask(desk, "plans", "POST", org, key["key"], json=VENTURE)
    assert created.status_code == 201, created.text
    assert (await ask(desk, "identity", "GET", org, key["key"])).json()["role"] == "member"
    assert (await ask(desk, "plans", "GET", other[1], key["key"])).status_code == 404
    assert (await ask(desk, "identity", "PATCH", org, key["key"], json={"industry": "x"})).status_code == 403
    for scopes, reads, writes, elsewhere in [
        (["plans:read"], 200, 403, 403),
        (["plans:write"], 200, 201, 403),
        (["events:read", "identity:read"], 403, 403, 200),
    ]:
        name = {"name": f"Venture {scopes[0]}", "stage": "GROWTH"}
        limited = (await made(desk, owner, org, scopes=scopes))["key"]
        assert (await ask(desk, "plans", "GET", org, limited)).status_code == reads
        written = await ask(desk, "plans", "POST", org, limited, json=name)
        assert written.status_code == writes
        assert (await ask(desk, "identity", "GET", org, limited)).status_code == elsewhere
        if writes == 403:
            assert written.json()["code"] == "scope_missing"
    me = await desk.call("GET", "/v1/auth/me", key["key"])
    assert me.status_code == 401


async def test_a_revoked_key_is_out_everywhere_by_event(desk: FrontDesk) -> None:
    await desk.house.start("plans", "plans")
    owner, org = await founded(desk)
    key = await made(desk, owner, org)
    path = f"/v1/organizations/{org['id']}/api-keys"
    assert (await ask(desk, "plans", "GET", org, key["key"])).status_code == 200
    for _ in range(2):
        assert (await desk.call("DELETE", f"{path}/{key['id']}", owner)).status_code == 204
    assert (await ask(desk, "identity", "GET", org, key["key"])).status_code == 401
    await desk.house.settle()
    for replica in (0, 1):
        client = desk.house.client("plans", replica=replica)
        headers = {"Authorization": f"Bearer {key['key']}"}
        refused = await client.get(f"/v1/organizations/{org['id']}/ventures", headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
    assert (await desk.call("GET", path, owner)).json()["items"] == []
    (shown,) = (await desk.call("GET", f"{path}?revoked=true", owner)).json()["items"]
    assert shown["status"] == "revoked"
    assert "key" not in shown
    events = await desk.house.events("IDENTITY")
    states = [event for event in events if isinstance(event, ApiKeyCreated | ApiKeyRevoked)]
    assert [(event.version, event.revoked) for event in states] == [(1, False), (2, True)]
    assert not any(key["key"][20:] in event.model_dump_json() for event in events)


async def test_an_expired_and_a_forged_key_are_refused(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    key = await made(desk, owner, org, expires_at=(now() + timedelta(hours=1)).isoformat())
    assert (await ask(desk, "identity", "GET", org, key["key"])).status_code == 200
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE platform.api_keys SET expires_at = now() - interval '1 s'"))
    assert (await ask(desk, "identity", "GET", org, key["key"])).status_code == 401
    text_ = key["key"]
    forged = [text_[:-1] + ("A" if text_[-1] != "A" else "B"), text_[:50] + "x" + text_[51:], "trueup_", text_[:-4]]
    for credential in forged:
        refused = await ask(desk, "identity", "GET", org, credential)
        assert refused.status_code == 401
        assert credential not in refused.text


async def test_only_admins_make_keys_in_person_and_none_above_themselves(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    path = f"/v1/organizations/{org['id']}/api-keys"
    member, _ = await joined(desk, owner, org["id"], "mary@example.com", "member")
    assert (await desk.post(path, {"name": "x"}, member)).status_code == 403
    assert (await desk.call("GET", path, member)).status_code == 403
    for wrong in [
        {"name": ""},
        {"name": "x", "role": "root"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["moon:read"]},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "2040-01-01T00:00:00"},
    ]:
        assert (await desk.post(path, wrong, owner)).status_code == 422, wrong
    assert (await desk.post(path, {"name": "x", "role": "owner"}, owner)).status_code == 403
    powerful = await made(desk, owner, org, role="admin")
    child = await desk.post(path, {"name": "child"}, powerful["key"])
    assert (child.status_code, child.json()["code"]) == (403, "people_only")
    assert (await desk.call("DELETE", f"{path}/{powerful['id']}", powerful["key"])).status_code == 403
    invited = await desk.post(
        f"/v1/organizations/{org['id']}/members", {"email": "a@b.cd", "role": "owner"}, powerful["key"]
    )
    assert invited.status_code == 403
    stranger, _ = await founded(desk, "eve@example.com", name="Evil Corp")
    assert (await desk.call("GET", f"{path}/{powerful['id']}", stranger)).status_code == 404


async def test_the_last_use_is_noted_wherever_it_was(desk: FrontDesk) -> None:
    await desk.house.start("plans")
    owner, org = await founded(desk)
    key = await made(desk, owner, org)
    await ask(desk, "plans", "GET", org, key["key"])
    async with asyncio.timeout(SETTLE_S):
        used = None
        while used is None:
            await asyncio.sleep(0.1)
            shown = await desk.call("GET", f"/v1/organizations/{org['id']}/api-keys/{key['id']}", owner)
            used = shown.json()["last_used_at"]
    assert used >= key["created_at"]


async def test_a_member_who_is_limited_sees_and_changes_only_their_ventures(desk: FrontDesk) -> None:
    house = desk.house
    await house.start("plans")
    owner, org = await founded(desk)
    keys = (await desk.http.get("/.well-known/jwks.json")).text
    house.replicas["plans"][0].runtime.verifier = house.replicas["identity"][0].runtime.verifier
    assert keys
    plans = house.client("plans")
    path = f"/v1/organizations/{org['id']}"

    async def call(method: str, sub: str, token: str, **more: Any) -> httpx2.Response:
        return await plans.request(method, f"{path}/{sub}", headers={"Authorization": f"Bearer {token}"}, **more)

    mine = (await call("POST", "ventures", owner, json=VENTURE)).json()["id"]
    theirs = (await call("POST", "ventures", owner, json={"name": "Teh", "stage": "GROWTH"})).json()["id"]
    ceo = await desk.person("ceo@example.com")
    body = {"email": "ceo@example.com", "role": "member", "venture_ids": [mine]}
    await desk.post(f"{path}/members", body, owner)
    letter = await desk.token_for("ceo@example.com", 2)
    accept = "/v1/organizations/accept-invitation"
    token = (await desk.post(accept, {"token": letter}, ceo["access_token"])).json()["access_token"]
    for settled in (False, True):  # by the token at first, by the read model later
        if settled:
            await house.settle()
        assert [one["id"] for one in (await call("GET", "ventures", token)).json()["items"]] == [mine]
        assert (await call("GET", f"ventures/{theirs}", token)).status_code == 404
        assert (await call("PATCH", f"ventures/{theirs}", token, json={"name": "Mine"})).status_code == 404
        assert (await call("PATCH", f"ventures/{mine}", token, json={"name": f"Kopi {settled}"})).status_code == 200
        outside = await call("POST", "ventures", token, json={"name": f"Roti {settled}", "stage": "GROWTH"})
        assert (outside.status_code, outside.json()["code"]) == (403, "outside_your_ventures")
    removed = await desk.call("DELETE", f"{path}/members/{ceo['user']['id']}", owner)
    assert removed.status_code == 204
    await house.settle()
    assert (await call("GET", "ventures", token)).status_code == 404
    assert len((await call("GET", "ventures", owner)).json()["items"]) == 2
