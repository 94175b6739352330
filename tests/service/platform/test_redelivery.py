"""Watching, publishing again, replaying: nothing moves by any of it."""

import asyncio
from datetime import timedelta

import orjson
import psycopg
import pytest

from shared.contracts.plans import VentureCreated
from shared.kernel.clock import today
from shared.kernel.periods import add_months
from tests.harness.house import SETTLE_S, House, Organization
from tests.harness.operator import Operator
from tests.service.sync.stories import Venture, a_house_with_sync


async def a_story(house: House) -> tuple[Organization, Venture]:
    """A plan, three metrics, and so variances, a projection and an alert."""
    organization, venture = await a_house_with_sync(house)
    day = today(organization.time_zone)
    goal = {"target_mrr": "100000", "target_date": add_months(day, 9)}
    baseline = {"baseline_value": "12000", "baseline_date": add_months(day, -2)}
    await house.publish(venture.plan(**goal, **baseline))
    await house.publish(*[venture.metric(day - timedelta(days=back), 13000 + back) for back in (40, 20, 0)])
    await house.settle()
    return organization, venture


async def figures(trueup: Operator, service: str) -> list[dict[str, str]]:
    ran = await trueup("figures", "--service", service, "--json")
    assert ran.code == 0, ran.err
    assert len(ran.out.splitlines()) == len(ran.json) + 2, "one figure a line"
    return ran.json


TOLD = "platform.event_log WHERE event_type <> 'audit.recorded'"
"""What a service told; that an operator did something is no news of the service's."""


def count(house: House, service: str, table: str) -> int:
    with psycopg.connect(house.database_url(service, "operator")) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


async def test_figures_name_things_and_show_no_ids(house: House, trueup: Operator) -> None:
    organization, venture = await a_story(house)
    found = await figures(trueup, "sync")
    assert {figure["figure"] for figure in found} == {"sync.variance", "sync.alert", "sync.projection"}
    text = orjson.dumps(found).decode()
    assert str(organization.id) not in text
    assert str(venture.id) not in text
    assert (await trueup("figures", "--service", "sync")).out.startswith("sync.")


async def test_a_replay_moves_nothing_and_says_so(house: House, trueup: Operator) -> None:
    await a_story(house)
    before, emitted = await figures(trueup, "sync"), count(house, "sync", TOLD)
    ran = await trueup("replay", "--service", "sync")
    assert ran.code == 0, ran.err
    # organization, venture, plan, three metrics
    assert "6 events applied again, 0 failed; 0 batches had something to tell" in ran.out
    assert f"{len(before)} figures, 0 differences" in ran.out
    await house.settle()
    assert await figures(trueup, "sync") == before
    assert count(house, "sync", TOLD) == emitted


async def test_a_replay_with_an_empty_inbox_moves_nothing(house: House, trueup: Operator) -> None:
    await a_story(house)
    before = await figures(trueup, "sync")
    with psycopg.connect(house.database_url("sync", "operator")) as connection:
        connection.execute("TRUNCATE platform.inbox")
    assert (await trueup("replay", "--service", "sync", "--stream", "finance")).code == 0
    assert await figures(trueup, "sync") == before


async def test_re_emitting_fills_an_emptied_stream_again(house: House, trueup: Operator) -> None:
    organization, _ = await a_story(house)
    before = await figures(trueup, "sync")
    told = [event.model_dump_json() for event in await house.events("SYNC")]
    assert len(told) > 4
    manager = house.operator.jsm()
    # "purge" of an operator: streams refuse single deletes, not this one
    await manager.purge_stream("SYNC")
    assert await house.events("SYNC") == []
    ran = await trueup("re-emit", "--service", "sync", "--since", "1h")
    assert (ran.code, ran.out) == (0, f"{len(told)} events published again\n")
    again = await house.events("SYNC")
    assert [event.model_dump_json() for event in again] == told
    # and once more, inside the duplicate window: consumers know the ids
    await trueup("re-emit", "--service", "sync", "--since", "all")
    await house.settle()
    assert await figures(trueup, "sync") == before
    assert len({event.delivery.event_id for event in await house.events("SYNC")}) == len(told)
    assert organization.id == again[0].organization_id


async def test_re_emitting_a_span(house: House, trueup: Operator) -> None:
    await a_story(house)
    ran = await trueup("re-emit", "--service", "sync", "--since", "2000-01-01", "--until", "2001-01-01")
    assert ran.out == "0 events published again\n"


async def test_events_are_told_to_a_person_and_to_a_script(house: House, trueup: Operator) -> None:
    organization, venture = await a_story(house)
    told = await trueup("events", "tail", "metric.created.>", "--all", "--no-follow")
    lines = told.out.splitlines()
    assert len(lines) == 3
    assert all("metric.created" in line and "acme" in line and "metric mrr" in line for line in lines)
    script = await trueup("events", "tail", "*.*.*", "--all", "--json", "--count", "2")
    first = orjson.loads(script.out.splitlines()[0])
    assert set(first) == {"subject", "headers", "data"}
    assert first["headers"]["ce-type"] == "organization.created"
    assert first["headers"]["ce-organizationid"] == str(organization.id)
    since = await trueup("events", "tail", "venture.created", "--since", "5m", "--no-follow", "--json")
    assert orjson.loads(since.out)["data"]["name"] == venture.name
    none = await trueup("events", "tail", f"venture.*.{venture.id}", "--all", "--no-follow")
    assert none.out == ""
    assert (await trueup("events", "tail", "plan.>", "--since", "2090-01-01", "--no-follow")).out == ""


async def test_tail_shows_what_comes(house: House, trueup: Operator) -> None:
    watching = asyncio.ensure_future(trueup("events", "tail", "venture.>", "--count", "1", "--json"))
    org = await house.organization()
    async with asyncio.timeout(SETTLE_S):
        while not watching.done():
            await house.publish(Venture(org.id).created())
            await asyncio.wait([watching], timeout=0.05)
    ran = await watching
    assert orjson.loads(ran.out)["headers"]["ce-type"] == VentureCreated.event_type


async def test_the_catalogue_lists_every_type(trueup: Operator) -> None:
    rows = (await trueup("events", "types", "--json")).json
    assert {"type", "stream", "subject", "kind", "key", "meaning"} == set(rows[0])
    assert "metric.created" in {row["type"] for row in rows}
    assert "metric.created" in (await trueup("events", "types")).out


@pytest.mark.parametrize("service", ["sync"])
async def test_a_replay_says_what_failed(
    house: House, trueup: Operator, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    organization, _ = await a_story(house)
    await house.stop(service)
    await house.operator.jetstream().publish(
        f"metric.created.{organization.id}", b"{}", headers={"ce-type": "metric.created"}
    )
    ran = await trueup("replay", "--service", service)
    assert ran.code == 1
    assert "1 failed" in ran.out
    assert "FINANCE 4: organization_id: Field required; venture_id: Field required" in ran.err
