"""The life of a worker, with a look that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from shared.platform import worker
from shared.platform.bus.wakeups import Wakeups
from shared.platform.worker import work_off

LIMIT_S = 30
NEVER = 1000.0
"""A poll interval that no test lasts."""


class Looks:
    """What each look meets, in order; after the last there is nothing."""

    def __init__(self, *found: int | Exception) -> None:
        self._found: Iterator[int | Exception] = iter(found)
        self.often = 0
        self.idle = asyncio.Event()

    async def __call__(self) -> bool:
        self.often += 1
        found = next(self._found, None)
        if found is None:
            self.idle.set()
            return False
        if isinstance(found, Exception):
            raise found
        return bool(found)


@asynccontextmanager
async def working(look: Looks, wakeups: Wakeups, poll_seconds: float = NEVER) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(work_off(wakeups, "worker", look, poll_seconds=poll_seconds))
    try:
        async with asyncio.timeout(LIMIT_S):
            yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_while_there_is_work_nothing_is_waited_for() -> None:
    look = Looks(1, 2, 3)
    async with working(look, Wakeups("service")):
        await look.idle.wait()
    assert look.often == 4


async def test_an_idle_worker_looks_again_when_it_is_woken() -> None:
    look, wakeups = Looks(), Wakeups("service")
    async with working(look, wakeups):
        for often in (1, 2, 3):
            await look.idle.wait()
            assert look.often == often
            look.idle.clear()
            wakeups.wake("worker")


async def test_a_lost_wake_up_is_made_up_for() -> None:
    look = Looks(0)
    async with working(look, Wakeups("service"), poll_seconds=0.01):
        await look.idle.wait()
    assert look.often == 2


async def test_an_outage_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "FIRST_DELAY_SECONDS", 0.001)
    look = Looks(*[ConnectionError("away")] * 5, 1)
    async with working(look, Wakeups("service")) as task:
        await look.idle.wait()
        assert not task.done()
    assert look.often == 7


async def test_another_error_ends_the_worker() -> None:
    async with working(Looks(1, ValueError("a bug")), Wakeups("service")) as task:
        with pytest.raises(ValueError, match="a bug"):
            await task


@pytest.mark.parametrize("answer", [True, ConnectionError("cut off")])
async def test_a_look_that_swallows_its_cancellation_is_the_last(answer: bool | Exception) -> None:
    began, looks = asyncio.Event(), 0

    async def look() -> bool:
        nonlocal looks
        looks += 1
        began.set()
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            if isinstance(answer, Exception):
                raise answer from None
        return True

    task = asyncio.create_task(work_off(Wakeups("service"), "worker", look, poll_seconds=NEVER))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, LIMIT_S)
    assert looks == 1
