"""API keys on the bus hear and read the events of their organization."""

import json

import nats
import pytest

from tests.service.identity.conftest import FrontDesk
from tests.service.identity.subscriber.conftest import LIMIT_S, Enter, two_organizations, venture
from tests.service.identity.test_api_keys import made
from tests.service.identity.test_organizations import founded


async def test_a_key_hears_and_reads_its_own_organization(desk: FrontDesk, enter: Enter) -> None:
    await desk.house.start("identity")  # two of them keep the door
    owner, org, _eve, other = await two_organizations(desk)
    ours = await enter(await made(desk, owner, org, scopes=["events:read"]), org)
    heard = await ours.client.subscribe(f"*.*.{org['id']}")
    await ours.client.flush()
    await desk.house.publish(venture(other, "Theirs"), venture(org, "Ours"))
    message = await heard.next_msg(timeout=LIMIT_S)
    assert (message.subject, json.loads(message.data)["name"]) == (f"venture.created.{org['id']}", "Ours")
    assert message.headers is not None
    assert message.headers["ce-type"] == "venture.created"

    await desk.house.settle()
    stored, reader = [], await ours.reader("IDENTITY")
    while len(stored) < 3:
        stored += await reader.fetch(10, timeout=LIMIT_S)
    assert [one.subject for one in stored] == [
        f"{event}.{org['id']}" for event in ("organization.created", "member.joined", "api_key.created")
    ]
    for one in stored:
        await one.ack_sync(timeout=LIMIT_S)
    with pytest.raises(nats.errors.TimeoutError):
        await reader.fetch(1, timeout=0.3)
    told = await ours.jetstream.consumer_info("IDENTITY", ours.id)
    assert (told.num_ack_pending, told.num_pending, told.ack_floor.consumer_seq) == (0, 0, 3)
    (plan,) = await (await ours.reader("PLANS")).fetch(10, timeout=LIMIT_S)
    assert json.loads(plan.data)["name"] == "Ours"
    shown = await desk.call("GET", f"/v1/organizations/{org['id']}/api-keys/{ours.id}", owner)
    assert shown.status_code == 200


async def test_the_key_is_a_password_or_a_token_and_may_have_every_right(desk: FrontDesk, enter: Enter) -> None:
    owner, org = await founded(desk)
    key = await made(desk, owner, org)  # without scopes: all that its role allows
    as_token = await enter(key, org, token=key["key"])
    nameless = await enter(key, org, user="", password=key["key"])
    for subscriber in (as_token, nameless):
        heard = await subscriber.client.subscribe(f"venture.created.{org['id']}")
        await subscriber.client.flush()
        await desk.house.publish(venture(org, "Ours"))
        assert (await heard.next_msg(timeout=LIMIT_S)).headers is not None


async def test_a_consumer_is_its_keys_alone(desk: FrontDesk, enter: Enter) -> None:
    owner, org = await founded(desk)
    keys = [await made(desk, owner, org, scopes=["events:read"]) for _ in range(2)]
    one, two = [await enter(key, org) for key in keys]
    await desk.house.settle()
    first = await (await one.reader("IDENTITY")).fetch(4, timeout=LIMIT_S)
    again = await (await two.reader("IDENTITY")).fetch(4, timeout=LIMIT_S)
    assert [message.data for message in first] == [message.data for message in again]
    config = (await two.jetstream.consumer_info("IDENTITY", two.id)).config
    assert (config.filter_subject, config.deliver_subject) == (f"*.*.{org['id']}", None)
    await one.client.publish(f"$JS.trueup.API.CONSUMER.MSG.NEXT.IDENTITY.{two.id}", b"1", reply=f"{one.inbox}.x")
    assert "permissions violation" in await one.objection()
