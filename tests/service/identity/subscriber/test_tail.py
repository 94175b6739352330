"""``trueup events tail --key``: it ends when it has seen enough, and when it will see nothing more."""

import asyncio
from contextlib import suppress
from typing import Any

import orjson
import pytest

from tests.harness.operator import Operator, Ran
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.subscriber.conftest import LIMIT_S, venture
from tests.service.identity.test_api_keys import made
from tests.service.identity.test_organizations import founded
from trueup.events.listening import listen
from trueup.local import LocalError


class Tail:
    """The command as a subscriber of an organization, and events that are published again and again."""

    def __init__(self, desk: FrontDesk, operator: Operator, owner: str, org: dict[str, Any], key: dict[str, Any]):
        self._desk, self._operator, self._owner, self._org = desk, operator, owner, org
        self.key, self.org = key, org

    async def until_it_ends(self, *options: str, key: str = "") -> Ran:
        given = ("--organization", self._org["id"], "--key", key or self.key["key"], *options)
        return await self.during(self._operator("events", "tail", *given))

    async def during(self, doing: Any) -> Any:
        task = asyncio.ensure_future(doing)
        async with asyncio.timeout(LIMIT_S):
            while not task.done():
                await self._desk.house.publish(venture(self._org, "Ours"))
                await asyncio.wait([task], timeout=0.2)
        return await task

    async def revoke(self) -> None:
        path = f"/v1/organizations/{self._org['id']}/api-keys/{self.key['id']}"
        assert (await self._desk.call("DELETE", path, self._owner)).status_code == 204


@pytest.fixture
async def tail(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch) -> Tail:
    owner, org = await founded(desk)
    operator = Operator(desk.house, monkeypatch)
    return Tail(desk, operator, owner, org, await made(desk, owner, org, scopes=["events:read"]))


async def test_it_has_seen_enough(tail: Tail) -> None:
    for count in (1, 3):
        ran = await tail.until_it_ends("venture.>", "--json", "--count", str(count))
        assert (ran.code, ran.err) == (0, "")
        subjects = [orjson.loads(line)["subject"] for line in ran.out.splitlines()]
        assert subjects == [f"venture.created.{tail.org['id']}"] * count


async def test_whoever_reads_it_has_seen_enough(tail: Tail, desk: FrontDesk) -> None:
    def full(_message: object) -> bool:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await tail.during(listen(desk.house.nats_url, tail.key["key"], [f"*.*.{tail.org['id']}"], full))


async def test_a_key_that_is_none_or_was_revoked(tail: Tail) -> None:
    stranger = tail.key["key"][:-4] + "AAAA"
    for key, sentence in ((stranger, "does not let this key in"), ("trueup", "that is no API key")):
        ran = await tail.until_it_ends(key=key)
        assert (ran.code, sentence in ran.err) == (1, True), ran
    listening = asyncio.ensure_future(tail.until_it_ends("--count", "1000000"))
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(listening), 1)
    await tail.revoke()
    ran = await listening
    assert (ran.code, "the bus" in ran.err) == (1, True), ran


async def test_no_bus(tail: Tail) -> None:
    with pytest.raises(LocalError, match="does not answer"):
        await tail.during(refused_everywhere(tail.key["key"]))


async def refused_everywhere(key: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trueup.events.listening.ENTRY_SECONDS", 0.5)
        await listen("nats://127.0.0.1:9", key, [">"], lambda _message: False)
