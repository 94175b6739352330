"""Services are killed with -9 in the middle of 500 events: the figures of an undisturbed run."""

import asyncio

from tests.loop.histories import busy_history
from tests.loop.people import Milestone, Outside
from tests.loop.system import System
from tests.loop.test_order_and_repetition import company

EVENTS = 500
KILLED = ("ingestion", "finance", "sync", "plans", "reporting", "identity", "gateway")


async def test_services_killed_in_the_middle_change_no_figure(system: System, door: Outside):
    calm, stormy = await company(door), await company(door)
    await calm.deliver(busy_history(calm.ventures, EVENTS))

    milestones = [Milestone(EVENTS * (turn + 1) // (len(KILLED) + 2)) for turn in range(len(KILLED))]

    def tick() -> None:
        for milestone in milestones:
            milestone()

    posting = asyncio.create_task(stormy.deliver(busy_history(stormy.ventures, EVENTS), tick=tick))
    gone: set[int] = set()
    for service, milestone in zip(KILLED, milestones, strict=True):
        await milestone.reached.wait()
        gone |= system.kill(service)
    await posting
    system.settle()

    assert system.figures(slug=stormy.slug) == system.figures(slug=calm.slug)
    alive = {process["pid"] for service in KILLED for process in system.processes(service)}
    assert not gone & alive, "new processes took over"
