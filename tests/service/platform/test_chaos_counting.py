"""A campaign that finds nothing would have found it: what is lost, doubled or invented is named."""

import pytest

from shared.kernel.ids import new_id
from tests.harness.house import House
from tests.harness.operator import Operator
from tests.service.platform.test_relay import ventures, write
from tests.service.sync.stories import Venture
from trueup.access import bus
from trueup.chaos import counting, means
from trueup.chaos.counting import Check
from trueup.chaos.faults import parse


@pytest.fixture
async def plans(house: House, trueup: Operator, monkeypatch: pytest.MonkeyPatch) -> House:
    """Plans with some events in its log and its stream, entered as an operator does."""
    monkeypatch.setattr(counting, "chosen_services", lambda: ["plans"])
    await house.start("plans")
    trueup.join()
    await write(house, ventures(await house.organization(), 5))
    await house.settle()
    return house


async def checked(since: dict[str, tuple[int, int]]) -> Check:
    async with bus() as client:
        return await counting.streams(client, since)


async def test_what_was_published_since_then_is_counted(plans: House) -> None:
    async with bus() as client:
        since = await counting.positions(client)
    await write(plans, ventures(await plans.organization(), 3))
    await plans.settle()
    assert await checked(since) == Check("each event once in its stream", "3 events")


async def test_a_lost_event_is_named(plans: House) -> None:
    await plans.operator.jsm().purge_stream("PLANS", keep=3)
    found = await checked({"plans": (0, 0)})
    assert len([line for line in found.wrong if line.startswith("PLANS lacks ")]) == len(found.wrong) == 2


async def test_a_doubled_event_is_named(plans: House, trueup: Operator) -> None:
    await trueup("re-emit", "--service", "plans", "--since", "all")
    found = await checked({"plans": (0, 0)})
    assert len([line for line in found.wrong if line.endswith(" 2 times")]) == len(found.wrong) == 5


async def test_an_event_of_nobodys_is_named(plans: House) -> None:
    await plans.publish(Venture(new_id()).created())
    (line,) = (await checked({"plans": (0, 0)})).wrong
    assert line.endswith("which was never logged")


async def test_ended_sessions_come_again(plans: House) -> None:
    done = await means.Commanded({"plans": "true"}).do(parse("plans:sessions"))
    assert int(done.split()[0]) >= 1
    await write(plans, ventures(await plans.organization(), 3))
    await plans.settle()
    assert len(await plans.events("PLANS")) == 8


async def test_a_command_that_kills_is_run(plans: House) -> None:
    assert await means.Commanded({"plans": "sh -c 'exit 7'"}).do(parse("plans")) == "sh ended with 7"
