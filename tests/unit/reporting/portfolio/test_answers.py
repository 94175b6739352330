"""Answers that are kept while they are what would be made."""

import asyncio
from uuid import UUID

from services.reporting.portfolio.answers import Answer, Answers

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


class Making:
    """Makes an answer when it may, and counts."""

    def __init__(self) -> None:
        self.made = 0
        self.may = asyncio.Event()
        self.may.set()

    async def __call__(self) -> Answer:
        await self.may.wait()
        self.made += 1
        return Answer(b"%d" % self.made, "")


async def test_an_answer_is_kept_while_its_ground_is_the_same() -> None:
    answers, make = Answers(), Making()
    bodies = [(await answers.get(ONE, ground, make)).body for ground in ("a", "a", "b", "b", "a")]
    assert bodies == [b"1", b"1", b"2", b"2", b"3"]


async def test_who_asks_while_an_answer_is_made_waits_for_it() -> None:
    answers, make = Answers(), Making()
    make.may.clear()
    asked = [asyncio.create_task(answers.get(ONE, "a", make)) for _ in range(5)]
    other = Making()
    assert (await answers.get(TWO, "a", other)).body == b"1", "another organization waits for nobody"
    make.may.set()
    assert {answer.body for answer in await asyncio.gather(*asked)} == {b"1"}
    assert make.made == 1


async def test_who_waited_in_vain_makes_it_himself() -> None:
    async def fail() -> Answer:
        raise ConnectionError

    answers, make = Answers(), Making()
    failing = asyncio.create_task(answers.get(ONE, "a", fail))
    waiting = asyncio.create_task(answers.get(ONE, "a", make))
    assert isinstance((await asyncio.gather(failing, return_exceptions=True))[0], ConnectionError)
    assert (await waiting).body == b"1"


async def test_the_least_recently_asked_goes_first() -> None:
    answers, make = Answers(most=2), Making()
    for organization in (ONE, TWO, ONE, THREE, ONE, TWO):
        await answers.get(organization, "a", make)
    assert make.made == 4, "only the second organization's was made twice"
