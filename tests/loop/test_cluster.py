"""Three NATS servers, three copies of every stream: leaders killed under load, and nothing is lost or doubled."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import nats
import nats.errors
import pytest

from shared.contracts import INTERNAL_TYPES
from shared.contracts.plans import VentureCreated
from shared.contracts.topology import CONSUMES, stream_of
from shared.kernel.ids import new_id
from shared.platform.auth.api_keys import new_api_key
from shared.platform.bus import topology
from tests.harness.engines import ISSUER_SEED, NATS_PASSWORD, NatsCluster
from tests.harness.house import House, Organization
from tests.harness.plain_nats import what_they_forget
from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Milestone
from tests.service.ingestion.stripe_desk import StripeDesk
from trueup.demo.door import until

EVENTS = 300
SERVICES = ("plans", "ingestion", "finance", "sync", "reporting")
FIGURES = {
    "finance": "SELECT venture_id, metric, observed_on, value::text, withdrawn FROM metrics WHERE organization_id = %s",
    "sync": "SELECT venture_id, metric, observed_on, actual::text, target::text FROM variances"
    " WHERE organization_id = %s",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[NatsCluster]:
    with tempfile.TemporaryDirectory(prefix="trueup-cluster-", ignore_cleanup_errors=True) as folder:
        three = NatsCluster(Path(folder))
        three.start()
        yield three
        three.stop()


@pytest.fixture
async def single(postgres_url: str, cluster: NatsCluster) -> AsyncIterator[House]:
    """A house whose streams have one copy."""
    async with House(postgres_url, cluster.url, NATS_PASSWORD) as empty:
        yield empty


@pytest.fixture
async def house(postgres_url: str, cluster: NatsCluster) -> AsyncIterator[House]:
    async with House(postgres_url, cluster.url, NATS_PASSWORD, stream_replicas=3) as empty:
        yield empty


async def company(house: House) -> tuple[Organization, StripeDesk, dict[str, str]]:
    """An organization with the ventures of the histories and their plans."""
    organization = await house.organization()
    plans, ventures = house.client("plans", organization), {}
    for name in VENTURES:
        created = await plans.post("/ventures", json={"name": name, "stage": "GROWTH"})
        ventures[name] = created.json()["id"]
        body = {"strategy": {}, "targets": targets(name)}
        assert (await plans.put(f"/ventures/{ventures[name]}/plan", json=body)).is_success
    return organization, await StripeDesk.open(house, organization), ventures


async def leader_of(house: House, stream: str) -> str:
    """The server that leads a stream, once one does."""

    async def found() -> str | None:
        cluster = (await house.operator.jsm(timeout=2).stream_info(stream)).cluster
        return cluster.leader if cluster else None

    return await patiently(found, f"a leader of {stream}")


async def patiently(ask: Any, what: str) -> Any:
    """Ask a cluster that may be electing, until it answers."""

    async def asked() -> Any:
        try:
            return await ask()
        except nats.errors.Error:
            return None

    return await until(asked, what, 90)


async def settle(house: House) -> None:
    """Wait until all three servers have all of every stream, and nothing is on its way any more."""

    async def is_whole() -> bool | None:
        for stream in {stream for streams in CONSUMES.values() for stream in streams}:
            cluster = (await house.operator.jsm(timeout=2).stream_info(stream)).cluster
            others = (cluster.replicas or []) if cluster else []
            if len(others) < 2 or not all(one.current and not one.offline for one in others):
                return None
        return True

    async def is_settled() -> bool:
        await house.settle(120)
        return True

    await patiently(is_whole, "three copies of every stream")
    await patiently(is_settled, "an end of all work")


async def figures(house: House, organization: Organization, ventures: dict[str, str]) -> Counter[Any]:
    """What finance and sync say of the ventures, by their names."""
    names = {identity: name for name, identity in ventures.items()}
    found: Counter[Any] = Counter()
    for service, query in FIGURES.items():
        async with house.operator_connection(service) as connection:
            for row in await (await connection.execute(query, [organization.id])).fetchall():
                found[service, names[str(row[0])], *row[1:]] += 1
    return found


async def event_ids(house: House, service: str) -> list[str]:
    """What a service says that it has published."""
    async with house.operator_connection(service) as connection:
        query = "SELECT event_id::text FROM platform.event_log WHERE event_type <> ALL (%s)"
        rows = await (await connection.execute(query, [list(INTERNAL_TYPES)])).fetchall()
    return [row[0] for row in rows]


async def test_leaders_killed_under_load_lose_and_double_nothing(house: House, cluster: NatsCluster):
    await house.start(*SERVICES)
    calm, calm_desk, calm_ventures = await company(house)
    stormy, stormy_desk, stormy_ventures = await company(house)
    await calm_desk.deliver(busy_history(calm_ventures, EVENTS))
    await house.settle(120)

    events = busy_history(stormy_ventures, EVENTS)
    first, second = Milestone(len(events) // 4), Milestone(len(events) // 2)

    async def load() -> None:
        for start in range(0, len(events), 10):
            await stormy_desk.deliver(events[start : start + 10])
            for milestone in (first, second):
                for _ in events[start : start + 10]:
                    milestone()
            await asyncio.sleep(0.05)

    loading = asyncio.create_task(load())
    for milestone, stream in ((first, "INGESTION"), (second, "FINANCE")):
        await milestone.reached.wait()
        led = await leader_of(house, stream)
        await asyncio.to_thread(cluster.servers[led].kill)
        assert await leader_of(house, stream) != led
        await asyncio.to_thread(cluster.start, led)
    await loading
    await settle(house)

    for service in SERVICES:
        log = await event_ids(house, service)
        stored = [str(event.delivery.event_id) for event in await house.events(stream_of(service))]
        assert len(log) == len(set(log))
        assert Counter(stored) == Counter(log), f"{service}: everything published is in the stream, once"
    for service in SERVICES:
        async with house.operator_connection(service) as connection:
            rows = await (await connection.execute("SELECT stream FROM platform.dead_letters")).fetchall()
            refused = await (await connection.execute("SELECT event_id FROM platform.outbox_dead")).fetchall()
        assert (rows, refused) == ([], []), service
    expected = await figures(house, calm, calm_ventures)
    assert expected, "something was compared"
    assert await figures(house, stormy, stormy_ventures) == expected


async def test_streams_get_more_copies_and_wait_for_a_majority(single: House, cluster: NatsCluster):
    await single.start("plans")
    organization = await single.organization()
    plans = single.client("plans", organization)

    async def create(name: str) -> None:
        assert (await plans.post("/ventures", json={"name": name, "stage": "GROWTH"})).status_code == 201

    await create("Before")
    changes = await topology.apply(single.nats_url, "operator", NATS_PASSWORD, replicas=3)
    assert {change.what for change in changes} == {"stream updated", "durable updated"}
    assert await topology.apply(single.nats_url, "operator", NATS_PASSWORD, replicas=3) == []
    await settle(single)

    gone = sorted(cluster.servers)[:2]
    for name in gone:
        await asyncio.to_thread(cluster.servers[name].kill)
    names = [f"Meanwhile {number}" for number in range(30)]
    for name in names:
        await create(name)
    await asyncio.to_thread(cluster.start, *gone)
    await settle(single)

    assert sorted(event.name for event in await single.events("PLANS", VentureCreated)) == sorted(["Before", *names])
    async with single.operator_connection("plans") as connection:
        refused = await (await connection.execute("SELECT event_id FROM platform.outbox_dead")).fetchall()
    assert refused == []


async def test_a_subscriber_is_heard_and_ended_at_whichever_server_it_is(
    single: House, cluster: NatsCluster, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TRUEUP_SUBSCRIBER_ISSUER_SEED", ISSUER_SEED)
    monkeypatch.setenv("TRUEUP_DOORKEEPER_NATS_PASSWORD", NATS_PASSWORD)
    await single.start("identity", "plans")
    organization, key_id = await single.organization(), new_id()
    plans = single.client("plans", organization)
    key, digest = new_api_key(single.settings_of("identity").secret_key_bytes, key_id)
    row = (organization.id, key_id, 1, "viewer", digest, organization.owner, False)
    async with single.operator_connection("identity") as connection:
        await connection.execute(
            "INSERT INTO platform.api_keys (organization_id, id, version, role, digest, acts_for, revoked)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            row,
        )
    async with AsyncExitStack() as stack:
        stack.enter_context(what_they_forget())
        outs, heard = [], []
        for server in cluster.servers.values():
            out = asyncio.Event()
            client = await nats.connect(
                server.url,
                password=key,
                user="",
                inbox_prefix=f"_INBOX.{key_id}".encode(),
                disconnected_cb=_setting(out),
                error_cb=_setting(asyncio.Event()),
            )
            stack.push_async_callback(client.close)
            outs.append(out)
            heard.append(await client.subscribe(f"*.*.{organization.id}"))
            await client.flush()
            created = await plans.post("/ventures", json={"name": server.url[-5:], "stage": "GROWTH"})
            assert created.status_code == 201
            reader = await client.jetstream(domain="trueup").pull_subscribe_bind(durable=str(key_id), stream="PLANS")
            (message,) = await reader.fetch(1, timeout=60)
            assert server.url[-5:].encode() in message.data, "each reads on where the one before stopped"
            await message.ack_sync(timeout=60)
        for subscription in heard:
            assert (await subscription.next_msg(timeout=60)).subject == f"venture.created.{organization.id}"
        async with single.operator_connection("identity") as connection:
            await connection.execute("UPDATE platform.api_keys SET revoked = true")
        async with asyncio.timeout(60):
            for out in outs:
                await out.wait()


def _setting(event: asyncio.Event) -> Any:
    """A callback of nats-py, whatever it is told."""

    async def told(*_about: object) -> None:
        event.set()

    return told
