"""A rebuild: read models from nothing but the streams, beside the live ones."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from shared.kernel.clock import today
from shared.platform import failpoints
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.platform.test_redelivery import TOLD, a_story, count, figures

SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(model|owned)' ORDER BY 1"
SHAPE = """
SELECT c.relname, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid WHERE n.nspname = 'model'
UNION ALL
SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_constraint k ON k.conrelid = c.oid WHERE n.nspname = 'model'
UNION ALL
SELECT c.relname, c.relforcerowsecurity::text || c.relpersistence::text, c.relacl::text FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'model' AND c.relkind = 'r'
UNION ALL
SELECT tablename, policyname, qual || with_check FROM pg_policies WHERE schemaname = 'model'
ORDER BY 1, 2, 3
"""


def query(house: House, statement: str, service: str = "sync") -> list[tuple]:
    with psycopg.connect(house.database_url(service, "operator"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


async def test_a_rebuild_moves_no_figure_and_tells_nothing(house: House, trueup: Operator) -> None:
    await a_story(house)
    before, emitted, shape = (
        await figures(trueup, "sync"),
        count(house, "sync", TOLD),
        query(house, SHAPE),
    )
    ran = await trueup("rebuild", "--service", "sync")
    assert ran.code == 0, ran.err
    assert "4 read models of sync rebuilt from 5 events; 0 derived rows corrected" in ran.out
    assert f"{len(before)} figures, 0 differences" in ran.out
    await house.settle()
    assert await figures(trueup, "sync") == before
    assert count(house, "sync", TOLD) == emitted
    assert query(house, SCHEMAS) == [("model",), ("owned",)]
    assert query(house, SHAPE) == shape, "same names, indexes, constraints, rights and policies"


async def test_the_service_goes_on_with_the_new_tables(house: House, trueup: Operator) -> None:
    organization, venture = await a_story(house)
    assert (await trueup("rebuild", "--service", "sync")).code == 0
    day = today(organization.time_zone)
    await house.publish(venture.metric(day - timedelta(days=1), 77000))
    await house.settle()
    assert query(house, "SELECT count(*) FROM model.observations") == [(4,)]
    response = await house.client("sync", organization).get(f"/ventures/{venture.id}/variances")
    assert "77000" in response.text
    assert "shadow" not in str(query(house, SCHEMAS))


async def test_a_wrong_read_model_is_mended_and_the_difference_is_told(house: House, trueup: Operator) -> None:
    _, venture = await a_story(house)
    before = await figures(trueup, "sync")
    query(house, "UPDATE model.observations SET value = value / 10")
    query(house, "DELETE FROM model.ventures")
    assert await figures(trueup, "sync") != before
    ran = await trueup("rebuild", "--service", "sync")
    assert ran.code == 1, "a figure moved: it was wrong"
    assert f'"venture": "{venture.name}"' in ran.err
    assert await figures(trueup, "sync") == before
    again = await trueup("rebuild", "--service", "sync")
    assert (again.code, "0 derived rows corrected" in again.out) == (0, True)


async def test_derived_rows_that_were_wrong_are_corrected_and_published(house: House, trueup: Operator) -> None:
    await a_story(house)
    before, told = await figures(trueup, "sync"), len(await house.events("SYNC"))
    query(house, "UPDATE owned.variances SET actual = actual + 1, variance_pct = 0 WHERE current")
    ran = await trueup("rebuild", "--service", "sync")
    assert (ran.code, "1 derived rows corrected" in ran.out) == (1, True)
    await house.settle()
    assert await figures(trueup, "sync") == before
    assert len(await house.events("SYNC")) > told


async def test_events_that_come_during_a_rebuild_are_in_the_new_tables(house: House, trueup: Operator) -> None:
    organization, venture = await a_story(house)
    day = today(organization.time_zone)
    rebuilding = asyncio.ensure_future(trueup("rebuild", "--service", "sync"))
    sent = 0
    while not rebuilding.done():
        await house.publish(venture.metric(day - timedelta(days=100 + sent), 500 + sent))
        sent += 1
        await asyncio.sleep(0.005)
    await rebuilding
    await house.settle()
    assert sent > 3
    assert query(house, "SELECT count(*) FROM model.observations") == [(3 + sent,)]
    assert query(house, "SELECT count(*) FROM owned.variances WHERE NOT withdrawn") == [(3 + sent,)]
    assert (await trueup("replay", "--service", "sync")).code == 0


@pytest.mark.parametrize("point", ["rebuild.before_takeover", "rebuild.after_takeover"])
async def test_an_interrupted_rebuild_is_begun_anew(
    house: House, trueup: Operator, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    await a_story(house)
    before = await figures(trueup, "sync")
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}:error")
    with pytest.raises(failpoints.FailpointError):
        await trueup("rebuild", "--service", "sync")
    assert len(query(house, SCHEMAS)) > 2
    assert await figures(trueup, "sync") == before
    monkeypatch.delenv(failpoints.VARIABLE)
    ran = await trueup("rebuild", "--service", "sync")
    assert (ran.code, "0 differences" in ran.out) == (0, True)
    assert query(house, SCHEMAS) == [("model",), ("owned",)]


async def test_an_event_that_cannot_be_applied_leaves_the_live_tables_alone(house: House, trueup: Operator) -> None:
    organization, _ = await a_story(house)
    before = await figures(trueup, "sync")
    await house.stop("sync")
    await house.operator.jetstream().publish(
        f"metric.created.{organization.id}", b"{}", headers={"ce-type": "metric.created"}
    )
    ran = await trueup("rebuild", "--service", "sync")
    assert ran.code == 1
    assert "1 events could not be applied, so nothing was replaced" in ran.err
    assert await figures(trueup, "sync") == before


async def test_two_rebuilds_of_a_service_do_not_meet(house: House, trueup: Operator) -> None:
    await a_story(house)
    ran = await asyncio.gather(*[trueup("rebuild", "--service", "sync") for _ in range(2)])
    assert sorted(one.code for one in ran) in ([0, 0], [0, 1])


async def test_a_service_without_read_models_says_so(house: House, trueup: Operator) -> None:
    house.database_url("identity")
    ran = await trueup("rebuild", "--service", "identity")
    assert (ran.code, "identity has no read models" in ran.err) == (1, True)
