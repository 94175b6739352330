"""A service is killed with -9 in the middle of 500 events: the figures of an undisturbed run."""

import asyncio

import pytest

from tests.loop.histories import busy_history
from tests.loop.people import Milestone, Outside, Tenant
from tests.loop.system import System
from tests.loop.test_order_and_repetition import company

EVENTS = 500


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, list]:
    """The figures of the calm run, made by the first who needs them."""
    return {}


async def calm_figures(system: System, door: Outside, known: dict[str, list]) -> list:
    if "figures" not in known:
        tenant = await company(door)
        await tenant.deliver(busy_history(tenant.ventures, EVENTS))
        system.settle()
        known["figures"] = system.figures(slug=tenant.slug)
    return known["figures"]


@pytest.mark.parametrize("service", ["ingestion", "finance", "sync", "plans", "reporting", "gateway", "identity"])
async def test_a_service_killed_in_the_middle_changes_no_figure(
    system: System, door: Outside, undisturbed: dict[str, list], service: str
):
    expected = await calm_figures(system, door, undisturbed)
    tenant: Tenant = await company(door)
    third = Milestone(EVENTS // 3)
    posting = asyncio.create_task(tenant.deliver(busy_history(tenant.ventures, EVENTS), milestone=third))
    await third.reached.wait()
    replicas = len(system.processes(service))
    killed = {system.kill(service, replica) for replica in range(replicas)}
    await posting
    system.settle()

    assert system.figures(slug=tenant.slug) == expected
    assert not killed & {process["pid"] for process in system.processes(service)}, "new processes took over"
