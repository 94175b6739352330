"""What an operator's command does is in the audit log, once, like everybody's deeds."""

import socket
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from shared.contracts.audit import NO_ORGANIZATION
from shared.contracts.plans import VentureCreated
from shared.contracts.sync import AlertRaised
from shared.kernel.ids import new_id
from shared.platform.db.migrate import head
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.platform.recorder import Recorder, alert, recording

PLANS = ("--service", "plans")


class Log:
    """The audit log, as an operator reads it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._seen: set[UUID] = set()

    async def news(self) -> list[dict[str, Any]]:
        """The entries since this was called last; each is an operator's, and says from which machine."""
        await self._house.settle()
        async with self._house.operator_connection("identity") as connection:
            cursor = connection.cursor(row_factory=dict_row)
            rows = await (await cursor.execute("SELECT * FROM owned.audit_entries ORDER BY at, id")).fetchall()
        new = [row for row in rows if row["id"] not in self._seen]
        self._seen |= {row["id"] for row in new}
        assert {(row["actor"], row["address"]) for row in new} <= {("operator", socket.gethostname())}
        return new

    async def news_of(self, operation: str, service: str = "plans") -> tuple[UUID, dict[str, Any]]:
        """The only entry since, of one thing that was done; gives whose it is, and the thing."""
        (entry,) = await self.news()
        assert (entry["operation"], entry["service"]) == (operation, service)
        (change,) = entry["changes"]
        return entry["organization_id"], change


@pytest.fixture
async def service(house: House, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Plans and identity, and one alert that plans could not take."""
    recorder = await recording(house, monkeypatch)

    async def refuse(_session: object, _batch: object) -> None:
        raise ValueError("not yet")

    recorder.trap = refuse
    org = await house.organization()
    await house.start("identity", "plans")
    await house.publish(alert(org.id, "poison"))
    await house.settle()
    return recorder


async def _accept(_session: object, _batch: object) -> None:
    """The handler after the fix."""


async def letter(trueup: Operator) -> dict[str, Any]:
    (found,) = (await trueup("dead-letters", "list", *PLANS, "--json")).json
    return found


async def test_a_dead_letter_replayed_in_vain_and_then_well(house: House, service: Recorder, trueup: Operator):
    log, dead = Log(house), await letter(trueup)
    assert (await trueup("dead-letters", "replay", dead["id"], *PLANS)).code == 1
    organization, change = await log.news_of("trueup dead-letters replay")
    assert dead["subject"] == AlertRaised.subject_of(str(organization), "plans")
    assert (change["kind"], change["id"]) == ("dead_letters", dead["id"])
    assert (change["before"]["attempts"], change["after"]["attempts"]) == (6, 7)
    assert change["after"]["error"] == "not yet"

    service.trap = _accept
    assert (await trueup("dead-letters", "replay", "--all", *PLANS)).code == 0
    organization, change = await log.news_of("trueup dead-letters replay")
    assert (change["before"], change["after"]["state"]) == ({"state": "open"}, "replayed")
    await trueup("dead-letters", "replay", dead["id"], *PLANS)
    assert await log.news() == [], "it was replayed already"


@pytest.mark.usefixtures("service")
async def test_a_dead_letter_discarded(house: House, trueup: Operator):
    log, dead = Log(house), await letter(trueup)
    assert (await trueup("dead-letters", "discard", dead["id"], *PLANS)).code == 0
    organization, change = await log.news_of("trueup dead-letters discard")
    assert dead["subject"].endswith(str(organization))
    assert (change["before"], change["after"]["state"]) == ({"state": "open"}, "discarded")
    assert change["after"]["event_id"] == dead["event_id"]


@pytest.mark.usefixtures("service")
async def test_an_event_that_the_bus_refused_put_back(house: House, trueup: Operator):
    log, org = Log(house), await house.organization()
    identity = new_id()
    event = VentureCreated(
        organization_id=org.id, venture_id=identity, version=1, name="Kopi", stage="GROWTH", currency="MYR"
    )
    with psycopg.connect(house.database_url("plans", "operator")) as connection:
        connection.execute(
            "INSERT INTO platform.outbox_dead VALUES (%s, %s, %s, %s, 'too large', now())",
            [identity, org.id, event.event_type, event.model_dump_json()],
        )
    assert (await trueup("dead-letters", "requeue", str(identity), *PLANS)).code == 0
    organization, change = await log.news_of("trueup dead-letters requeue")
    assert (organization, change["id"]) == (org.id, str(identity))
    assert (change["before"], change["after"]) == ({"error": "too large"}, {"event_type": event.event_type})


@pytest.mark.usefixtures("service")
async def test_what_goes_over_everything(house: House, trueup: Operator):
    log, dead = Log(house), await letter(trueup)
    await trueup("dead-letters", "discard", dead["id"], *PLANS)
    await log.news()
    for command, kind in (
        (("replay", *PLANS), "read_models"),
        (("rebuild", *PLANS), "read_models"),
        (("re-emit", *PLANS, "--since", "1h"), "event_log"),
    ):
        ran = await trueup(*command)
        assert ran.code == 0, (ran.out, ran.err)
        organization, change = await log.news_of(f"trueup {command[0]}")
        assert (organization, change["kind"], change["before"]) == (NO_ORGANIZATION, kind, None)
        assert change["after"], command


@pytest.mark.usefixtures("service")
async def test_a_message_published_by_hand(house: House, trueup: Operator):
    log, org = Log(house), await house.organization()
    await house.start("sync")
    subject = f"alert.raised.{org.id}"
    sent = await trueup("events", "publish", "--raw", "--subject", subject, stdin=b"no event")
    assert sent.code == 0, sent.err
    organization, change = await log.news_of("trueup events publish", "sync")
    assert (organization, change["after"]["subject"], change["after"]["bytes"]) == (org.id, subject, 8)


async def test_a_new_schema(house: House, monkeypatch: pytest.MonkeyPatch, trueup: Operator):
    await house.start("identity", "plans")
    log, newest, database = Log(house), head("plans"), house.database_url("plans", "operator")

    def step(_service: str, url: str) -> None:
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE platform.service_version SET version_num = %s", [newest])

    monkeypatch.setattr("shared.platform.db.migrate.migrate", step)
    assert (await trueup("migrate", "plans")).code == 0
    assert await log.news() == [], "nothing was migrated"

    with psycopg.connect(database) as connection:
        connection.execute("UPDATE platform.service_version SET version_num = 'before'")
    assert (await trueup("migrate", "plans")).code == 0
    organization, change = await log.news_of("trueup migrate")
    assert (organization, change["kind"]) == (NO_ORGANIZATION, "schema")
    assert (change["before"]["service_version"], change["after"]["service_version"]) == ("before", newest)
