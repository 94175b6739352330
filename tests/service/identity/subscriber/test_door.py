"""Who is let in, who is sent out, and what happens while nobody keeps the door."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from shared.kernel.clock import now
from tests.deploy.bus_rights import greeting
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.subscriber.conftest import LIMIT_S, REFUSED, Enter, greeted, venture
from tests.service.identity.test_api_keys import made
from tests.service.identity.test_organizations import founded
from trueup.demo.door import until

LIFE_S = 5
"""Of a key that expires: long enough to come in with it on a slow machine."""


async def test_who_has_no_such_key_stays_outside(desk: FrontDesk) -> None:
    owner, org = await founded(desk)
    good = await made(desk, owner, org, scopes=["events:read"])
    narrow = await made(desk, owner, org, scopes=["plans:write", "identity:read"])
    revoked = await made(desk, owner, org)
    await desk.call("DELETE", f"/v1/organizations/{org['id']}/api-keys/{revoked['id']}", owner)
    expired = await made(desk, owner, org, expires_at=(now() + timedelta(hours=1)).isoformat())
    async with desk.house.database("identity").transaction() as session:
        late = text("UPDATE platform.api_keys SET expires_at = now() - interval '1 s' WHERE id = :id")
        await session.execute(late, {"id": expired["id"]})
    key = good["key"]
    forged = [key[:-1] + ("A" if key[-1] != "A" else "B"), key[:50] + "x" + key[51:], "", "trueup_", owner]
    for credential in [narrow["key"], revoked["key"], expired["key"], *forged]:
        assert REFUSED in await greeted(desk, credential)
    assert REFUSED in await greeting(desk.house.nats_url, "finance", key), "a service's name is no way in"
    assert REFUSED in await greeting(desk.house.nats_url, "doorkeeper", key)
    assert "PONG" in await greeted(desk, key)


@pytest.mark.parametrize("how", ["revoked", "expires", "loses its row"])
async def test_who_is_in_is_out_within_seconds(desk: FrontDesk, enter: Enter, how: str) -> None:
    owner, org = await founded(desk)
    stays = await enter(await made(desk, owner, org, scopes=["events:read"]), org)
    lifetime = {"expires_at": (now() + timedelta(seconds=LIFE_S)).isoformat()} if how == "expires" else {}
    key = await made(desk, owner, org, scopes=["events:read"], **lifetime)
    goes = await enter(key, org)
    if how == "revoked":
        await desk.call("DELETE", f"/v1/organizations/{org['id']}/api-keys/{key['id']}", owner)
    elif how == "loses its row":  # however a key comes to count no more
        async with desk.house.database("identity").transaction() as session:
            await session.execute(text("DELETE FROM platform.api_keys WHERE id = :id"), {"id": key["id"]})
    await asyncio.wait_for(goes.out.wait(), LIMIT_S)
    assert REFUSED in await greeted(desk, key["key"])
    assert not goes.client.is_connected
    assert stays.client.is_connected
    assert not stays.out.is_set()


async def test_without_identity_who_is_in_stays_and_who_comes_is_refused(desk: FrontDesk, enter: Enter) -> None:
    owner, org = await founded(desk)
    key = await made(desk, owner, org, scopes=["events:read"])
    inside = await enter(key, org)
    heard = await inside.client.subscribe(f"*.*.{org['id']}")
    await inside.client.flush()
    await desk.house.stop("identity")
    refusal = await greeted(desk, key["key"])
    assert refusal.startswith("-ERR 'Auth"), refusal  # a timeout or a violation, whichever the server sees first
    await desk.house.publish(venture(org, "Meanwhile"))
    assert (await heard.next_msg(timeout=LIMIT_S)).subject == f"venture.created.{org['id']}"
    await desk.house.start("identity")

    async def let_in() -> bool | None:
        return "PONG" in await greeted(desk, key["key"]) or None

    await until(let_in, "an open door: it opens a moment after identity has started", LIMIT_S)
    assert not inside.out.is_set()
