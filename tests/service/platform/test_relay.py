import psycopg
import pytest
from nats.js.api import StreamConfig
from psycopg.rows import args_row

from shared.contracts.plans import VentureCreated, VentureStage
from shared.kernel.ids import new_id
from shared.platform import failpoints
from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.outbox import emit_all
from shared.platform.bus.relay import Relay
from shared.platform.bus.wakeups import Wakeups
from shared.platform.db.edges import Database
from tests.harness.house import House, Organization
from tests.harness.operator import Operator


def ventures(org: Organization, count: int, start: int = 0) -> list[VentureCreated]:
    return [
        VentureCreated(
            organization_id=org.id,
            venture_id=new_id(),
            version=1,
            name=f"venture {number}",
            stage=VentureStage.GROWTH,
            currency="MYR",
        )
        for number in range(start, start + count)
    ]


async def write(house: House, events: list[VentureCreated]) -> None:
    database = Database(house.database_url("plans"))
    async with database.transaction([event.organization_id for event in events]) as session:
        await emit_all(session, events)
    await database.close()


async def names(house: House) -> list[str]:
    return [event.name for event in await house.events("PLANS", VentureCreated)]


def counts(house: House) -> tuple[int, int, int]:
    with psycopg.connect(house.database_url("plans", "operator")) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM platform.outbox), (SELECT count(*) FROM platform.event_log),"
            " (SELECT count(*) FROM platform.outbox_dead)"
        ).fetchone()


@pytest.mark.parametrize("count", [3, 40], ids=["singly", "as an atomic batch"])
@pytest.mark.parametrize("point", ["relay.after_claim", "relay.after_publish"])
async def test_a_crash_between_claim_and_commit_loses_and_repeats_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, point: str, count: int
) -> None:
    org = Organization()
    await write(house, ventures(org, count))
    relay = Relay("plans", house.database_url("plans"), house.operator, Wakeups("plans"))
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}:error")
    failpoints.arm("plans")
    connection = await psycopg.AsyncConnection.connect(
        house.database_url("plans"), autocommit=True, row_factory=args_row(OutgoingEvent)
    )
    async with connection:
        with pytest.raises(failpoints.FailpointError):
            await relay.relay_once(connection)
        assert counts(house) == (count, 0, 0)
        # Written meanwhile: a new batch holds known ids and new ones.
        await write(house, ventures(org, 2, start=count))
        while await relay.relay_once(connection):
            pass
    assert await names(house) == [f"venture {number}" for number in range(count + 2)]
    assert counts(house) == (0, count + 2, 0)


async def test_one_of_two_relays_is_active_and_the_other_takes_over(house: House) -> None:
    org = await house.organization()
    await house.start("plans", "plans")
    await write(house, ventures(org, 15))
    await house.settle()
    active = house.replicas["plans"].pop(0)
    await active.stack.aclose()
    await write(house, ventures(org, 15, start=15))
    await house.settle()
    assert await names(house) == [f"venture {number}" for number in range(30)]


async def test_events_of_concurrent_writers_all_leave_in_the_order_of_their_rows(house: House) -> None:
    org = await house.organization()
    database = Database(house.database_url("plans"))
    async with database.transaction([org.id]) as early:
        await emit_all(early, ventures(org, 1, start=100))  # an older row, committed later
        await house.start("plans")
        await write(house, ventures(org, 12))
        await house.settle()
    await house.settle()
    await database.close()
    assert sorted(await names(house)) == sorted(f"venture {number}" for number in [*range(12), 100])


async def test_an_event_that_the_stream_refuses_is_set_aside_and_can_be_requeued(
    house: House, trueup: Operator
) -> None:
    org = await house.organization()
    manager = house.operator.jsm()
    config: StreamConfig = (await manager.stream_info("PLANS")).config
    await manager.update_stream(config.evolve(max_msg_size=2000))
    await house.start("plans")
    small, (large,) = ventures(org, 3), ventures(org, 1, start=9)
    await write(house, [*small[:1], large.model_copy(update={"description": "x" * 4000}), *small[1:]])
    await house.settle()
    assert await names(house) == ["venture 0", "venture 1", "venture 2"]
    assert counts(house) == (0, 3, 1)
    (refused,) = (await trueup("dead-letters", "unpublished", "--service", "plans", "--json")).json
    assert refused["type"] == "venture.created"
    assert "size" in refused["error"]
    await manager.update_stream(config)
    assert (await trueup("dead-letters", "requeue", refused["event_id"], "--service", "plans")).code == 0
    await house.settle()
    assert counts(house) == (0, 4 + 1, 0), "and that an operator did it, for the audit log"
    assert (await names(house))[-1] == "venture 9"


async def test_what_was_rolled_back_is_never_published(house: House) -> None:
    org = await house.organization()
    await house.start("plans")
    database = Database(house.database_url("plans"))

    async def write_and_fail() -> None:
        async with database.transaction([org.id]) as session:
            await emit_all(session, ventures(org, 1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_fail()
    await database.close()
    await house.settle()
    assert await names(house) == []
