import asyncio
import os
import signal

import psutil
import pytest

from services.reporting.report.rendering.press import NotPrinted, Press, PressBusy, press_version
from services.reporting.report.rendering.typesetting import typeset
from services.reporting.report.rules.build import build_document


@pytest.fixture
def press():
    one = Press()
    yield one
    one.close()


async def test_the_press_prints_the_same_bytes_as_this_process(press, sample):
    document = build_document("quarterly", sample(ventures=2))
    assert await press.print(document) == typeset(document)


async def test_the_process_stays_warm_and_ends_when_idle(sample):
    press = Press(idle_seconds=1.0)
    document = build_document("quarterly", sample(ventures=0))
    await press.print(document)
    first = press.process_id
    await press.print(document)
    assert press.process_id == first
    gone = await asyncio.to_thread(psutil.wait_procs, [psutil.Process(first)], timeout=60)
    assert [process.pid for process in gone[0]] == [first]
    assert press.process_id is None


async def test_a_killed_process_is_replaced(press, sample):
    document = build_document("quarterly", sample(ventures=0))
    await press.print(document)
    os.kill(press.process_id, signal.SIGKILL)
    assert (await press.print(document)).startswith(b"%PDF")


async def test_what_takes_too_long_is_given_up(sample):
    press = Press(patience_seconds=0.01)
    with pytest.raises(NotPrinted):
        await press.print(build_document("quarterly", sample(ventures=1)))
    assert press.process_id is None
    press.close()


async def test_a_broken_document_does_not_stop_the_next(press, sample):
    document = build_document("quarterly", sample(ventures=0))
    broken = document.model_copy(update={"organization": None})
    with pytest.raises(NotPrinted):
        await press.print(broken)
    assert (await press.print(document)).startswith(b"%PDF")


async def test_too_many_at_once_are_asked_to_come_back(press, sample):
    document = build_document("quarterly", sample(ventures=0))
    answers = await asyncio.gather(*[press.print(document) for _ in range(12)], return_exceptions=True)
    assert sum(isinstance(answer, bytes) for answer in answers) >= 4
    assert any(isinstance(answer, PressBusy) for answer in answers)


async def test_the_process_knows_no_secret(press, sample, monkeypatch):
    monkeypatch.setenv("TRUEUP_SECRET_KEY", "secret")
    await press.print(build_document("quarterly", sample(ventures=0)))
    assert "TRUEUP_SECRET_KEY" not in psutil.Process(press.process_id).environ()


def test_the_press_names_what_its_bytes_depend_on(sample):
    assert "typst " in press_version(build_document("quarterly", sample(ventures=0)))
