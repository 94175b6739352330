"""A database that takes nothing any more: who asks is told, nothing is given up, all goes on once there is room."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx2
import psycopg
import pytest
from psycopg import sql

from services.ingestion.raw_event import normaliser
from shared.platform.bus import consumer, relay
from shared.platform.db import provision
from tests.harness.house import House
from tests.service.ingestion.stripe_desk import StripeDesk
from tests.service.platform.recorder import Recorder, alert, recording
from tests.service.platform.test_commit import told
from trueup.stripe_double import CLOVER, StripeAccount

LIMIT_S, UNAVAILABLE = 90, 503
TRIES = consumer.MAX_ATTEMPTS + 1
"""As often would have been too often, if it counted."""

_FULL = """
CREATE FUNCTION platform.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""
_TABLES = """
SELECT nspname, relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname IN ('owned', 'model', 'platform') AND relkind IN ('r', 'p') AND NOT relispartition
"""
_TRIGGER = "CREATE TRIGGER no_room BEFORE INSERT ON {} FOR EACH STATEMENT EXECUTE FUNCTION platform.no_room()"


@contextmanager
def full(house: House, service: str) -> Iterator[None]:
    """Every insert is refused as PostgreSQL refuses it when its disk is full."""
    with psycopg.connect(house.database_url(service, "operator"), autocommit=True) as connection:
        connection.execute(_FULL)
        for table in connection.execute(_TABLES).fetchall():
            connection.execute(sql.SQL(_TRIGGER).format(sql.Identifier(*table)))
        yield
        connection.execute("DROP FUNCTION platform.no_room CASCADE")


@contextmanager
def read_only(house: House, service: str) -> Iterator[None]:
    """What an operator does, or a database service by itself, before the disk is full."""
    role, database = provision.role_of(service), house.database_names[service]
    setting = "default_transaction_read_only"
    with psycopg.connect(house.postgres_url, autocommit=True) as connection:
        place = sql.SQL("ALTER ROLE {} IN DATABASE {} ").format(sql.Identifier(role), sql.Identifier(database))
        connection.execute(place + sql.SQL(f"SET {setting} = on"))
        _end_sessions(connection, role, database)
        yield
        connection.execute(place + sql.SQL(f"RESET {setting}"))
        _end_sessions(connection, role, database)


def _end_sessions(connection: psycopg.Connection, role: str, database: str) -> None:
    statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s AND datname = %s"
    connection.execute(statement, [role, database])


class Waits:
    """Sees how often loops meet an outage."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._often: list[asyncio.Event] = []

    def watch(self, owner: object, name: str) -> None:
        """Count the errors that leave a function."""
        original, often, seen = getattr(owner, name), asyncio.Event(), 0
        self._often.append(often)

        @functools.wraps(original)
        async def watched(*given: object, **more: object) -> object:
            nonlocal seen
            try:
                return await original(*given, **more)
            except Exception:
                seen += 1
                if seen == TRIES:
                    often.set()
                raise

        self._monkeypatch.setattr(owner, name, watched)

    async def enough(self) -> None:
        """Until all of them have failed as often as nothing may that is counted."""
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*(often.wait() for often in self._often))


async def until_taken(ask: Callable[[], Awaitable[httpx2.Response]]) -> None:
    """Ask as Stripe and people do: again, while the answer is to try again."""
    async with asyncio.timeout(LIMIT_S):
        while (answer := await ask()).status_code == UNAVAILABLE:
            told(answer)
    assert answer.is_success, answer.text


@pytest.mark.parametrize("trouble", [full, read_only])
async def test_nothing_is_given_up_while_a_database_takes_nothing(house: House, monkeypatch, trouble) -> None:
    recorder: Recorder = await recording(house, monkeypatch)
    waits = Waits(monkeypatch)
    waits.watch(consumer, "apply")
    waits.watch(normaliser, "turn")
    waits.watch(relay.Relay, "_relay_while_connected")
    monkeypatch.setattr(relay, "STANDBY_SECONDS", 0.1)
    await house.start("plans")
    await house.start("ingestion", roles=("http", "consumers"))
    desk = await StripeDesk.open(house)
    await desk.deliver(StripeAccount("full", CLOVER).customers.create("Ada", datetime.now(UTC)))
    await house.stop("plans")

    with trouble(house, "ingestion"), trouble(house, "plans"):
        await house.start("plans")
        await house.start("ingestion", roles=("normaliser", "relay"))
        await house.publish(alert(desk.organization.id, "waits"))
        late = StripeAccount("full-later", CLOVER).customers.create("Bea", datetime.now(UTC))
        for event in late:
            told(await desk.post(event))
        venture = {"name": "Later", "stage": "GROWTH"}
        plans = house.client("plans", desk.organization)
        told(await plans.post("/ventures", json=venture))
        await waits.enough()

    for event in late:
        await until_taken(functools.partial(desk.post, event))
    await until_taken(functools.partial(plans.post, "/ventures", json=venture))
    await house.settle(LIMIT_S)
    assert recorder.titles() == ["waits"]
    assert {one["state"] for one in await desk.items("raw-events")} == {"processed"}
    assert await desk.items("parked-events") == []
    for service in ("ingestion", "plans"):
        async with house.operator_connection(service) as connection:
            for table in ("dead_letters", "outbox_dead", "retries", "outbox"):
                assert (await (await connection.execute(f"SELECT count(*) FROM platform.{table}")).fetchone()) == (0,)
