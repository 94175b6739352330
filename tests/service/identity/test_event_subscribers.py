"""API keys on the bus: with plain NATS they hear and read one organization's events, and can do nothing else."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.aio.client import Client
from sqlalchemy import text

from shared.contracts.plans import VentureCreated
from shared.contracts.topology import CONSUMES, nats_users, public_streams
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from tests.deploy.bus_rights import greeting
from tests.harness.engines import ISSUER_SEED, NATS_PASSWORD
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.test_api_keys import made
from tests.service.identity.test_organizations import founded
from trueup.demo.door import until

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 30.0
REFUSED = "Authorization Violation"
Enter = Callable[..., Awaitable["Subscriber"]]


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_SUBSCRIBER_ISSUER_SEED", ISSUER_SEED)
    monkeypatch.setenv("TRUEUP_DOORKEEPER_NATS_PASSWORD", NATS_PASSWORD)


class Subscriber:
    """A program of another team: plain nats-py, with an API key."""

    def __init__(self, key: dict[str, Any], org: dict[str, Any]) -> None:
        self.id, self.key, self.org = key["id"], key["key"], org["id"]
        self.inbox = f"_INBOX.{self.id}"
        self.objections: asyncio.Queue[str] = asyncio.Queue()
        self.out = asyncio.Event()
        self.client: Client

    async def enter(self, url: str, **options: Any) -> None:
        async def objected(error: Exception) -> None:
            self.objections.put_nowait(str(error).lower())

        async def gone() -> None:
            self.out.set()

        self.client = await nats.connect(
            url,
            inbox_prefix=self.inbox.encode(),
            error_cb=objected,
            disconnected_cb=gone,
            reconnect_time_wait=0.2,
            **(options or {"user": "billing team", "password": self.key}),
        )

    @property
    def jetstream(self) -> Any:
        return self.client.jetstream(domain="trueup")

    async def reader(self, stream: str) -> Any:
        return await self.jetstream.pull_subscribe_bind(durable=self.id, stream=stream)

    async def objection(self) -> str:
        return await asyncio.wait_for(self.objections.get(), LIMIT_S)


@pytest.fixture
async def enter(desk: FrontDesk) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def entered(key: dict[str, Any], org: dict[str, Any], **options: Any) -> Subscriber:
            subscriber = Subscriber(key, org)
            await subscriber.enter(desk.house.nats_url, **options)
            stack.push_async_callback(subscriber.client.close)
            return subscriber

        yield entered


def venture(org: dict[str, Any], name: str) -> VentureCreated:
    return VentureCreated(
        organization_id=UUID(org["id"]), venture_id=new_id(), version=1, name=name, stage="GROWTH", currency="MYR"
    )


async def greeted(desk: FrontDesk, key: str) -> str:
    return await greeting(desk.house.nats_url, "x", key)


async def two_organizations(desk: FrontDesk) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    return (*await founded(desk), *await founded(desk, "eve@example.com", name="Evil Corp"))


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
        stored += await reader.fetch(10, timeout=5)
    assert [one.subject for one in stored] == [
        f"{event}.{org['id']}" for event in ("organization.created", "member.joined", "api_key.created")
    ]
    for one in stored:
        await one.ack_sync(timeout=LIMIT_S)
    with pytest.raises(nats.errors.TimeoutError):
        await reader.fetch(1, timeout=0.3)
    told = await ours.jetstream.consumer_info("IDENTITY", ours.id)
    assert (told.num_ack_pending, told.num_pending, told.ack_floor.consumer_seq) == (0, 0, 3)
    (plan,) = await (await ours.reader("PLANS")).fetch(10, timeout=5)
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


def foreign_subjects(org: str, other: str) -> list[str]:
    """What a subscriber might want to listen to, and may not."""
    return [
        *(">", "*.>", "*.*.*", "metric.created.*", "metric.created.>", f"*.*.{other}", f"metric.created.{other}"),
        *("_INBOX.>", "_INBOX.*.*", f"_INBOX.{new_id()}.>", "_INBOX_finance.>", "_INBOX_doorkeeper.>", "_wake.*.*"),
        *("$SYS.>", "$SYS.REQ.USER.AUTH", "$JS.>", "$JS.ACK.>", "_door.>", "_used.*.*.*", f"audit.recorded.*.{org}"),
    ]


def foreign_questions(org: str, key: str) -> list[str]:
    """What a subscriber might want to say, and may not."""
    api, own = "$JS.trueup.API", "$JS.API"
    named = [f"{verb}.FINANCE.{who}" for verb in ("CONSUMER.INFO", "CONSUMER.MSG.NEXT") for who in ("sync", new_id())]
    admin = [
        *(
            "INFO",
            "STREAM.NAMES",
            "STREAM.LIST",
            "STREAM.INFO.FINANCE",
            "STREAM.PURGE.FINANCE",
            "STREAM.DELETE.FINANCE",
        ),
        *("STREAM.UPDATE.FINANCE", "STREAM.MSG.GET.FINANCE", f"DIRECT.GET.FINANCE.metric.created.{org}"),
        *(
            "STREAM.MSG.DELETE.FINANCE",
            "CONSUMER.NAMES.FINANCE",
            "CONSUMER.LIST.FINANCE",
            f"CONSUMER.DELETE.FINANCE.{key}",
        ),
        *(
            f"CONSUMER.CREATE.FINANCE.{key}.*.*.{org}",
            "CONSUMER.CREATE.FINANCE",
            f"CONSUMER.DURABLE.CREATE.FINANCE.{key}",
        ),
        *(f"CONSUMER.RESET.FINANCE.{key}", f"CONSUMER.INFO.AUDIT.{key}", f"CONSUMER.MSG.NEXT.AUDIT.{key}"),
    ]
    return [
        *(f"{prefix}.{what}" for prefix in (api, own) for what in [*named, *admin]),
        *(f"{own}.CONSUMER.INFO.FINANCE.{key}", f"{own}.CONSUMER.MSG.NEXT.FINANCE.{key}"),
        *(f"metric.created.{org}", f"plan.updated.{org}", f"api_key.revoked.{org}", "_wake.finance.relay", "anything"),
        *("$JS.ACK.FINANCE.sync.1.1.1.1.0", f"$JS.ACK.FINANCE.{key}.FINANCE.sync.1.1.1.1.0", f"_INBOX.{key}.1"),
        *("$JS.ACK._.x.FINANCE.sync.1.1.1.1.0.0", f"_door.NEXT.FINANCE.{key}", "_door.ACK.FINANCE.sync.1.1.1.1.0"),
        *("$SYS.REQ.USER.AUTH", "$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.X.KICK"),
    ]


async def test_it_can_listen_and_say_nothing_else(desk: FrontDesk, enter: Enter) -> None:
    owner, org, _eve, other = await two_organizations(desk)
    ours = await enter(await made(desk, owner, org, scopes=["events:read"]), org)
    for subject in foreign_subjects(org["id"], other["id"]):
        await ours.client.subscribe(subject)
        assert await ours.objection() == f'nats: permissions violation for subscription to "{subject.lower()}"'
    for subject in foreign_questions(org["id"], ours.id):
        await ours.client.publish(subject, b"{}", reply=f"{ours.inbox}.x")
        assert await ours.objection() == f'nats: permissions violation for publish to "{subject.lower()}"'
    assert ours.client.is_connected


async def messages(desk: FrontDesk) -> dict[str, int]:
    manager = desk.house.operator.jsm()
    return {info.config.name: info.state.messages for info in await manager.streams_info()}


async def test_no_answer_can_be_sent_to_anybody_else(desk: FrontDesk, enter: Enter) -> None:
    """A server does not look where a client wants its answers: the door does."""
    await desk.house.start("plans")
    owner, org, eve, other = await two_organizations(desk)
    await desk.house.settle()
    ours = await enter(await made(desk, owner, org), org)
    theirs = await enter(await made(desk, eve, other), other)
    await desk.house.settle()
    heard = await theirs.client.subscribe(f"*.*.{other['id']}")
    inbox = await theirs.client.subscribe(f"{theirs.inbox}.>")
    await theirs.client.flush()
    reader = await ours.reader("IDENTITY")
    (own, *_rest) = await reader.fetch(1, timeout=5)
    before = await messages(desk)
    acknowledged = await desk.house.operator.jsm().consumer_info("IDENTITY", "plans")
    questions = [f"$JS.trueup.API.CONSUMER.{what}.IDENTITY.{ours.id}" for what in ("INFO", "MSG.NEXT")]
    for reply in [
        *(f"plan.updated.{other['id']}", f"plan.updated.{org['id']}", f"audit.recorded.plans.{org['id']}"),
        *(
            f"{theirs.inbox}.x",
            f"{ours.inbox}",
            f"{ours.inbox}x.y",
            "$JS.ACK.IDENTITY.plans.1.1.1.1.0",
            "_wake.plans.relay",
        ),
        *("$JS.API.STREAM.PURGE.PLANS", "$JS.API.STREAM.DELETE.PLANS", "$SYS.REQ.USER.AUTH", f"{ours.inbox}.*"),
    ]:
        for question in [*questions, own.reply]:
            body = b"" if "INFO" in question else b"1"
            await ours.client.publish(question, body, reply=reply)
    traced = {"Nats-Trace-Dest": f"plan.updated.{other['id']}"}
    await ours.client.publish(questions[0], b"", reply=f"{ours.inbox}.x", headers=traced)
    # each kind of question is answered in its turn: after these, the others have been looked at
    await own.ack_sync(timeout=LIMIT_S)
    await ours.jetstream.consumer_info("IDENTITY", ours.id)
    assert await reader.fetch(1, timeout=LIMIT_S)
    assert await messages(desk) == before
    after = await desk.house.operator.jsm().consumer_info("IDENTITY", "plans")
    assert (after.ack_floor.consumer_seq, after.num_pending) == (acknowledged.ack_floor.consumer_seq, 0)
    await theirs.client.flush()
    assert (heard.pending_msgs, inbox.pending_msgs) == (0, 0)


async def test_a_consumer_is_its_keys_alone(desk: FrontDesk, enter: Enter) -> None:
    owner, org = await founded(desk)
    keys = [await made(desk, owner, org, scopes=["events:read"]) for _ in range(2)]
    one, two = [await enter(key, org) for key in keys]
    await desk.house.settle()
    first = await (await one.reader("IDENTITY")).fetch(4, timeout=5)
    again = await (await two.reader("IDENTITY")).fetch(4, timeout=5)
    assert [message.data for message in first] == [message.data for message in again]
    config = (await two.jetstream.consumer_info("IDENTITY", two.id)).config
    assert (config.filter_subject, config.deliver_subject) == (f"*.*.{org['id']}", None)
    await one.client.publish(f"$JS.trueup.API.CONSUMER.MSG.NEXT.IDENTITY.{two.id}", b"1", reply=f"{one.inbox}.x")
    assert "permissions violation" in await one.objection()


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
    lifetime = {"expires_at": (now() + timedelta(seconds=2)).isoformat()} if how == "expires" else {}
    key = await made(desk, owner, org, scopes=["events:read"], **lifetime)
    stays = await enter(await made(desk, owner, org, scopes=["events:read"]), org)
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

    await until(let_in, "an open door: it opens a moment after identity has started", 60)
    assert not inside.out.is_set()


async def line_of(*command: str, until: str, publish: Callable[[], Awaitable[None]], **environment: str) -> str:
    """The first line of a program's output with something in it, while events are published again and again."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **environment}, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(60):
            while True:
                reading = asyncio.ensure_future(process.stdout.readline())
                while not reading.done():
                    await publish()
                    await asyncio.wait([reading], timeout=0.3)
                lines.append((await reading).decode())
                assert lines[-1], "".join(lines)
                if until in lines[-1]:
                    return lines[-1]
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@pytest.mark.parametrize("program", ["listen.py", "read.py"])
async def test_the_programs_of_the_page_for_another_team_run(desk: FrontDesk, program: str) -> None:
    page = (ROOT / "docs" / "subscribing.md").read_text(encoding="utf8")
    (code,) = re.findall(rf"```python\n# {program}\n(.*?)```", page, re.DOTALL)
    owner, org, _eve, other = await two_organizations(desk)
    key = await made(desk, owner, org, name="billing", scopes=["events:read"])
    given = {"NATS_URL": desk.house.nats_url, "KEY": key["key"], "KEY_ID": key["id"], "ORGANIZATION": org["id"]}

    async def publish() -> None:
        await desk.house.publish(venture(other, "Theirs"), venture(org, "Ours"))

    line = await line_of(sys.executable, "-c", code, until="venture.created", publish=publish, **given)
    assert line.startswith(f"venture.created.{org['id']} ")
    assert "'name': 'Ours'" in line


async def test_the_operators_command_hears_as_a_subscriber(desk: FrontDesk) -> None:
    owner, org, _eve, other = await two_organizations(desk)
    key = await made(desk, owner, org, scopes=["events:read"])
    environment = {"TRUEUP_NATS_URL": desk.house.nats_url, "TRUEUP_STATE_DIR": "/nonexistent"}

    async def publish() -> None:
        await desk.house.publish(venture(other, "Theirs"), venture(org, "Ours"))

    async def tail(organization: str, *options: str, until: str) -> str:
        command = [sys.executable, "-m", "trueup", "events", "tail", "--organization", organization, *options]
        return await line_of(*command, until=until, publish=publish, **environment, TRUEUP_EVENTS_KEY=key["key"])

    line = await tail(org["id"], "venture.>", "--json", until="{")
    assert json.loads(line)["subject"] == f"venture.created.{org['id']}"
    await tail(other["id"], until="the bus refuses")


async def test_each_service_publishes_what_is_its_own_and_nothing_else(desk: FrontDesk) -> None:
    """Every subject of every stream, tried as every service's NATS user."""
    subjects = {f"{one[:-2]}.x" for streams in public_streams().values() for one in streams}
    for user in nats_users():
        if user.name not in {*CONSUMES, "gateway", "reader"}:
            continue
        objections: asyncio.Queue[str] = asyncio.Queue()

        async def objected(error: Exception, told: asyncio.Queue[str] = objections) -> None:
            told.put_nowait(str(error).rpartition(" ")[2].strip('"'))

        url = desk.house.nats_url
        client = await nats.connect(url, user=user.name, password=NATS_PASSWORD, error_cb=objected)
        for subject in [*sorted(subjects), "the.end"]:
            await client.publish(subject, b"{}")
        refused: set[str] = set()
        while "the.end" not in refused:
            refused.add(await asyncio.wait_for(objections.get(), LIMIT_S))
        await client.close()
        own = {f"{right[:-2]}.x" for right in user.publish_allow} & subjects
        assert refused - {"the.end"} == subjects - own, user.name
