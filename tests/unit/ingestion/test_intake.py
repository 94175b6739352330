"""How waiting webhooks share commits."""

import asyncio
from uuid import UUID

import pytest

from services.ingestion.raw_event.intake import COMMITS_AT_ONCE, WORTH_A_COMMIT, Incoming, Intake
from shared.kernel.clock import now


class Slowly(Intake):
    """Commits when it may, and notes the portions."""

    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type] # it has no database
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


async def test_after_a_failed_commit_the_next_webhook_is_stored() -> None:
    intake = Slowly()
    intake.error = ConnectionError("away")
    intake.may.set()
    with pytest.raises(Exception, match="database"):
        await intake.store(incoming(1))
    intake.error = None
    await intake.store(incoming(2))
    assert intake.begun == [1, 1]
