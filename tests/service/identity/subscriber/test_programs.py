"""The programs that the page for other teams shows, and the operator's own."""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.service.identity.conftest import FrontDesk
from tests.service.identity.subscriber.conftest import LIMIT_S, two_organizations, venture
from tests.service.identity.test_api_keys import made

ROOT = Path(__file__).resolve().parents[4]


async def line_of(*command: str, until: str, publish: Callable[[], Awaitable[None]], **environment: str) -> str:
    """The first line of a program's output with something in it, while events are published again and again."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, **environment}, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    lines: list[str] = []
    try:
        async with asyncio.timeout(LIMIT_S):
            while True:
                reading = asyncio.ensure_future(process.stdout.readline())
                while not reading.done():
                    await publish()
                    await asyncio.wait([reading], timeout=0.3)
                lines.append((await reading).decode())
                assert lines[-1], "".join(lines)
                if until in lines[-1]:
                    return lines[-1]
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


@pytest.mark.parametrize("program", ["listen.py", "read.py"])
async def test_the_programs_of_the_page_for_another_team_run(desk: FrontDesk, program: str) -> None:
    page = (ROOT / "docs" / "subscribing.md").read_text(encoding="utf8")
    (code,) = re.findall(rf"```python\n# {program}\n(.*?)```", page, re.DOTALL)
    owner, org, _eve, other = await two_organizations(desk)
    key = await made(desk, owner, org, name="billing", scopes=["events:read"])
    given = {"NATS_URL": desk.house.nats_url, "KEY": key["key"], "KEY_ID": key["id"], "ORGANIZATION": org["id"]}

    async def publish() -> None:
        await desk.house.publish(venture(other, "Theirs"), venture(org, "Ours"))

    line = await line_of(sys.executable, "-c", code, until="venture.created", publish=publish, **given)
    assert line.startswith(f"venture.created.{org['id']} ")
    assert "'name': 'Ours'" in line


async def test_the_operators_command_hears_as_a_subscriber(desk: FrontDesk) -> None:
    owner, org, _eve, other = await two_organizations(desk)
    key = await made(desk, owner, org, scopes=["events:read"])
    environment = {"TRUEUP_NATS_URL": desk.house.nats_url, "TRUEUP_STATE_DIR": "/nonexistent"}

    async def publish() -> None:
        await desk.house.publish(venture(other, "Theirs"), venture(org, "Ours"))

    async def tail(organization: str, *options: str, until: str) -> str:
        command = [sys.executable, "-m", "trueup", "events", "tail", "--organization", organization, *options]
        return await line_of(*command, until=until, publish=publish, **environment, TRUEUP_EVENTS_KEY=key["key"])

    line = await tail(org["id"], "venture.>", "--json", until="{")
    assert json.loads(line)["subject"] == f"venture.created.{org['id']}"
    await tail(other["id"], until="the bus refuses")
