"""While one item is worked on, the next is made: in order, each once, and an error is told where it belongs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from trueup.events.reading import one_ahead


async def test_the_next_is_made_while_one_is_worked_on() -> None:
    made = [asyncio.Event() for _ in range(4)]

    async def items() -> AsyncIterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    got = []
    async for item in one_ahead(items()):
        await asyncio.wait_for(made[min(item + 1, 3)].wait(), 30)
        assert item + 2 > 3 or not made[item + 2].is_set(), "one ahead, no more"
        got.append(item)
    assert got == [0, 1, 2, 3]


async def test_an_error_comes_after_what_was_made_before_it() -> None:
    async def items() -> AsyncIterator[int]:
        yield 1
        raise LookupError

    ahead = one_ahead(items())
    assert await anext(ahead) == 1
    with pytest.raises(LookupError):
        await anext(ahead)


async def test_who_stops_in_the_middle_leaves_nothing_running() -> None:
    ended = asyncio.Event()

    async def items() -> AsyncIterator[int]:
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            ended.set()

    ahead = one_ahead(items())
    assert await anext(ahead) == 1
    await asyncio.sleep(0)
    await ahead.aclose()
    assert ended.is_set()
