"""How waiting webhooks share commits."""

import asyncio
from uuid import UUID

import pytest

from services.ingestion.raw_event.intake import COMMITS_AT_ONCE, WORTH_A_COMMIT, Incoming, Intake
from services.ingestion.raw_event.rush import REST_PER_WORK, Rush
from shared.kernel.clock import now


class Slowly(Intake):
    """Commits when it may, and notes the portions."""

    def __init__(self) -> None:
        self.rush = Rush()
        super().__init__(None, self.rush)  # type: ignore[arg-type] # it has no database
        self.begun: list[int] = []
        self.may = asyncio.Event()
        self.error: Exception | None = None

    async def _commit(self, events: list[Incoming]) -> None:
        self.begun.append(len(events))
        await self.may.wait()
        if self.error is not None:
            raise self.error


def incoming(number: int) -> Incoming:
    return Incoming(UUID(int=1), UUID(int=2), f"evt_{number}", "product.updated", None, now(), now(), b"{}", None)


async def arrive(intake: Intake, count: int) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(intake.store(incoming(number))) for number in range(count)]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_few_that_come_during_a_commit_share_the_next_one() -> None:
    intake = Slowly()
    stored = await arrive(intake, 3) + await arrive(intake, WORTH_A_COMMIT - 1)
    assert intake.begun == [3]
    intake.may.set()
    await asyncio.gather(*stored)
    assert intake.begun == [3, WORTH_A_COMMIT - 1]


async def test_many_that_come_during_a_commit_are_sent_beside_it_and_no_more_than_that() -> None:
    intake = Slowly()
    stored = await arrive(intake, 3)
    for _ in range(COMMITS_AT_ONCE + 1):
        stored += await arrive(intake, WORTH_A_COMMIT)
    assert intake.begun == [3, WORTH_A_COMMIT]
    intake.may.set()
    await asyncio.gather(*stored)
    assert sum(intake.begun) == len(stored)


async def test_more_than_the_next_commit_takes_along_are_a_rush_and_fewer_are_none() -> None:
    intake = Slowly()
    stored = await arrive(intake, 1) + await arrive(intake, WORTH_A_COMMIT - 1)
    assert not intake.rush.is_on
    stored += await arrive(intake, 1)
    assert intake.rush.is_on
    intake.may.set()
    await asyncio.gather(*stored)


async def test_a_worker_gives_way_to_a_rush_in_proportion_to_its_work_and_no_longer_than_the_rush() -> None:
    rush, loop = Rush(), asyncio.get_running_loop()
    async with asyncio.timeout(30):
        await rush.give_way(1_000)  # there is none
        rush.note()
        await rush.give_way(1_000)  # it is over soon
        assert not rush.is_on

        async def go_on() -> None:
            while True:
                rush.note()
                await asyncio.sleep(0)

        lasting = asyncio.create_task(go_on())
        await asyncio.sleep(0)
        begin = loop.time()
        await rush.give_way(0.05)
        assert loop.time() - begin >= 0.05 * REST_PER_WORK * 0.99
        assert rush.is_on
        lasting.cancel()


async def test_after_a_failed_commit_the_next_webhook_is_stored() -> None:
    intake = Slowly()
    intake.error = ConnectionError("away")
    intake.may.set()
    with pytest.raises(Exception, match="database"):
        await intake.store(incoming(1))
    intake.error = None
    await intake.store(incoming(2))
    assert intake.begun == [1, 1]
