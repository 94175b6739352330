"""Everything fails once in the middle of 2 000 events; then streams and inboxes are lost. No figure moves."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from shared.contracts.topology import CONSUMES, SERVICES, stream_subjects
from shared.platform.bus.connection import connect
from tests.loop.deeds import Deeds
from tests.loop.people import outside
from tests.loop.system import System
from trueup.demo.door import until

EVENTS, SECONDS = 2_000, 60
DEEDS_S = 50
"""Until before the campaign waits for everything to settle, and counts."""
LIMIT_S = 120
FAULTS = (
    # kill -9 of each service in turn, all its processes at once
    *("identity@2", "gateway@4", "plans@6", "ingestion@8", "finance@10", "sync@12", "reporting@14"),
    # a relay killed between publish and delete
    *("ingestion:relay.after_publish@16", "finance:relay.after_publish@17", "sync:relay.after_publish@18"),
    # both engines killed and started again
    *("nats@20", "postgres@24"),
    # slow consumers, lost sessions, a process that stands still
    *("sync:consumer.before_commit=3@28", "finance:consumer.before_commit=3@29", "plans:sessions@31"),
    "finance-1:pause=4@31",
    # the database away for 20 s, the bus for 16 s (more than 60 attempts to reconnect), a while both of them
    *("postgres:away=20@33", "nats:away=16@40"),
)


@pytest.fixture(scope="module")
async def storm(system: System) -> AsyncIterator[dict[str, Any]]:
    """The report of one campaign in which all of it happens, while somebody changes things."""
    asked = [part for fault in FAULTS for part in ("--fault", fault)]
    load = ("--seed", "7", "--seconds", str(SECONDS), "--events", str(EVENTS))
    command = ("chaos", "--here", *load, *asked, "--json")
    async with outside(system) as door:
        deeds = Deeds(await door.tenant(connection=False))
        running = asyncio.create_task(asyncio.to_thread(system.trueup, *command, check=False, timeout=480))
        await deeds.go_on_during(asyncio.create_task(asyncio.sleep(DEEDS_S)))
        done = await running
        assert done.returncode in (0, 1), done.stdout + done.stderr
        yield json.loads(done.stdout) | {"said": done.stderr, "deeds": deeds}


def test_whatever_fails_nothing_is_lost_and_nothing_counts_twice(storm: dict[str, Any]) -> None:
    assert [check for check in storm["checks"] if not check["holds"]] == [], storm["said"]
    assert len(storm["checks"]) == 5


def test_every_fault_has_happened(storm: dict[str, Any]) -> None:
    assert sorted(fault["fault"] for fault in storm["faults"]) == sorted(FAULTS)
    for fault in storm["faults"]:
        assert fault["result"].startswith(("process ", "armed")) or fault["result"].endswith("sessions"), fault
    assert "nobody passed" not in storm["said"]


async def test_every_change_amid_it_has_one_entry_in_the_audit_log(storm: dict[str, Any]) -> None:
    deeds: Deeds = storm["deeds"]
    for operation, made in deeds.done.items():
        assert len(made) > DEEDS_S / 3, "somebody was at work"
        assert await deeds.entries(operation) == made


def test_the_figures_are_those_of_the_undisturbed_run(system: System, storm: dict[str, Any]) -> None:
    slugs = storm["organizations"]
    expected = system.figures(slug=slugs["undisturbed"])
    assert {figure["figure"].partition(".")[0] for figure in expected} == set(SERVICES) - {"gateway"}
    assert system.figures(slug=slugs["disturbed"]) == expected


async def test_lost_streams_and_inboxes_come_back_and_move_nothing(system: System, storm: dict[str, Any]) -> None:
    system.settle()
    slug = storm["organizations"]["disturbed"]
    before, letters = system.figures(slug=slug), system.trueup("dead-letters", "list", "--json").stdout
    for service in CONSUMES:
        with psycopg.connect(system.environment[f"TRUEUP_{service.upper()}_OPERATOR_URL"]) as connection:
            connection.execute("TRUNCATE platform.inbox")
    lost = await emptied(system)
    assert all(lost[name] for name in ("PLANS", "INGESTION", "FINANCE", "SYNC"))
    system.trueup("re-emit", "--since", "all")
    system.settle()
    assert system.figures(slug=slug) == before
    assert system.trueup("dead-letters", "list", "--json").stdout == letters


async def test_a_bus_lost_with_its_disk_comes_back_and_moves_nothing(system: System, storm: dict[str, Any]) -> None:
    """The same once more without any stream, durable or sequence number: what docs/operations.md says to do."""
    slug = storm["organizations"]["disturbed"]
    before, letters = system.figures(slug=slug), system.trueup("dead-letters", "list", "--json").stdout
    (system.folder / "nats" / "streams").rename(system.folder / "nats" / "lost")
    (server,) = system.kill("nats")
    await until(lambda: {one["pid"] for one in system.processes("nats")} - {server} or None, "another bus", LIMIT_S)
    system.trueup("migrate")
    system.trueup("re-emit", "--since", "all")
    system.settle()
    assert system.figures(slug=slug) == before
    assert system.trueup("dead-letters", "list", "--json").stdout == letters


async def emptied(system: System) -> dict[str, int]:
    """Purge every stream; how many messages each had."""
    environment = system.environment
    password = environment["TRUEUP_OPERATOR_NATS_PASSWORD"]
    client = await connect(environment["TRUEUP_NATS_URL"], "operator", password, on_closed=expected)
    lost = {}
    try:
        for stream in stream_subjects():
            lost[stream] = (await client.jsm(timeout=20).stream_info(stream)).state.messages
            await client.jsm(timeout=20).purge_stream(stream)
    finally:
        await client.close()
    return lost


async def expected() -> None:
    await asyncio.sleep(0)
