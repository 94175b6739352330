"""A key can listen and say nothing else, and no service says what is another's."""

import asyncio

import nats

from shared.contracts.topology import CONSUMES, nats_users, public_streams
from shared.kernel.ids import new_id
from tests.harness.engines import NATS_PASSWORD
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.subscriber.conftest import LIMIT_S, Enter, two_organizations
from tests.service.identity.test_api_keys import made


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
    (own, *_rest) = await reader.fetch(1, timeout=LIMIT_S)
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
