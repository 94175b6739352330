"""One supervisor on real engines: how it starts, what it says, and that nothing stays behind however it ends.

The engines alone are enough for most of it; the last test starts every service.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from shared.contracts.topology import SERVICES
from tests.harness.surroundings import bare_environment
from trueup.engines import PostgresServer
from trueup.engines.ports import claim_port
from trueup.local import ROOT

pytestmark = pytest.mark.loop

START_TIMEOUT_S = 90
GONE_TIMEOUT_S = 60


class Running:
    """A supervisor in a process group of its own, as a terminal has it, and everything below it."""

    def __init__(self, state: Path, *command: str, home: str | None = None) -> None:
        environment = bare_environment()
        environment.pop("HOME", None)
        if home is not None:
            environment["HOME"] = home
        environment["TRUEUP_STATE_DIR"] = str(state)
        self.state = state
        self.output = state.with_name(f"{state.name}.output")
        ready = state / "run" / "ready"
        ready.unlink(missing_ok=True)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command or (sys.executable, "-m", "trueup", "up", "--only", "engines"),
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # a run in the background ignores Ctrl-C, and so would make
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not ready.exists():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.02)
        self.family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]

    @property
    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    @property
    def supervisor(self) -> psutil.Process:
        return next(process for process in self.family if process.name().startswith("python"))

    @property
    def listed(self) -> list[dict[str, Any]]:
        return json.loads((self.state / "run" / "ps.json").read_text(encoding="utf-8"))

    @property
    def environment(self) -> dict[str, str]:
        return json.loads((self.state / "run" / "environment.json").read_text(encoding="utf-8"))

    def end(self) -> None:
        """Ask the supervisor to stop, and see that all of it does."""
        self.supervisor.terminate()
        assert self.process.wait(GONE_TIMEOUT_S) == 0, self.said
        assert self.alive() == []

    def alive(self) -> list[str]:
        """What of its processes is still there after a while."""
        deadline = time.monotonic() + GONE_TIMEOUT_S
        while True:
            names = [process.name() for process in self.family if _is_alive(process)]
            if not names or time.monotonic() > deadline:
                return names
            time.sleep(0.05)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _clear(folder: Path) -> None:
    """End whatever a failed test left of a system, and delete its data."""
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("TRUEUP_STATE_DIR") == str(folder)
        except psutil.Error:
            continue
        if mine:
            process.kill()
    PostgresServer(folder / "postgres").destroy()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a state with spaces"
    yield folder
    _clear(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_to_the_supervisor_leaves_no_process(state, number):
    running = Running(state)
    assert {line["service"] for line in running.listed} == {"postgres", "nats"}
    if number == signal.SIGINT:
        os.killpg(running.process.pid, number)  # a Ctrl-C in the terminal reaches the whole group
    else:
        running.supervisor.send_signal(number)
    assert running.process.wait(GONE_TIMEOUT_S) == 0, running.said
    assert running.alive() == []
    assert not (state / "run" / "ps.json").exists()
    assert not (state / "run" / "environment.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="what a make has received can be seen in /proc only")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_to_make_alone_leaves_no_process(state, number, tmp_path):
    makefile = tmp_path / "Makefile"
    makefile.write_text(f'up:\n\t@"{sys.executable}" -m trueup up --only engines\n', encoding="utf-8")
    running = Running(state, "make", "-f", str(makefile), "up")
    os.kill(running.process.pid, number)
    running.process.wait(GONE_TIMEOUT_S)
    assert running.alive() == []


def test_after_a_kill_the_next_start_cleans_up_and_keeps_data_and_secrets(state):
    first = Running(state, home="/nonexistent")
    url = first.environment["TRUEUP_SYNC_OPERATOR_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("create table public.kept as select 'yes' as answer")
    first.supervisor.kill()
    first.process.wait(GONE_TIMEOUT_S)

    second = Running(state)
    assert first.alive() == []
    with psycopg.connect(second.environment["TRUEUP_SYNC_OPERATOR_URL"]) as connection:
        assert connection.execute("select answer from public.kept").fetchone() == ("yes",)
    assert second.environment["TRUEUP_SECRET_KEY"] == first.environment["TRUEUP_SECRET_KEY"]
    second.end()


@pytest.fixture(scope="module")
def beside_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A supervisor that finds the usual ports taken."""
    folder = tmp_path_factory.mktemp("beside others") / "state"
    held = [claim_port(port) for port in (5432, 4222)]
    try:
        running = Running(folder)
        yield running
        running.end()
    finally:
        for listener in held:
            listener.close()
        _clear(folder)


def test_taken_ports_are_left_alone_and_the_free_ones_are_told(beside_others):
    found = ports(beside_others.listed)
    assert not {5432, 4222} & set(found.values())
    assert f"127.0.0.1:{found['postgres']}" in beside_others.said
    assert f"nats://127.0.0.1:{found['nats']}" in beside_others.said


def test_a_second_supervisor_in_the_same_folder_is_refused_and_disturbs_nothing(beside_others):
    second = subprocess.run(
        [sys.executable, "-m", "trueup", "up", "--only", "engines"],
        cwd=ROOT,
        env={**os.environ, "TRUEUP_STATE_DIR": str(beside_others.state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"already running here (process {beside_others.supervisor.pid})" in second.stderr
    assert answers(beside_others)


def test_an_engine_that_dies_is_started_again_at_its_port(beside_others):
    before = beside_others.listed
    numbers = {line["pid"] for line in before}
    for number in numbers:
        os.kill(number, signal.SIGKILL)
    deadline = time.monotonic() + START_TIMEOUT_S
    while ports(beside_others.listed) != ports(before) or {line["pid"] for line in beside_others.listed} & numbers:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert answers(beside_others)
    beside_others.family = [beside_others.supervisor, *beside_others.supervisor.children(recursive=True)]


def test_a_supervisor_that_cannot_write_goes_on_and_writes_later(beside_others):
    """As on a full disk; here something stands in the way of its folder."""
    folder = beside_others.state / "run"
    aside = folder.with_name("aside")
    numbers = {line["service"]: line["pid"] for line in beside_others.listed}
    folder.rename(aside)
    folder.write_text("in the way", encoding="utf-8")
    os.kill(numbers["nats"], signal.SIGKILL)
    wait_for(lambda: "; trying again" in beside_others.said, beside_others)
    assert answers(beside_others, aside)
    folder.unlink()
    aside.rename(folder)
    wait_for(lambda: {line["service"]: line["pid"] for line in beside_others.listed} != numbers, beside_others)
    assert {line["service"] for line in beside_others.listed} == {"postgres", "nats"}
    assert not list(folder.glob(".ps.json*"))
    beside_others.family = [beside_others.supervisor, *beside_others.supervisor.children(recursive=True)]


def wait_for(condition: Callable[[], bool], running: Running) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, running.said
        time.sleep(0.05)


def ports(listed: list[dict[str, Any]]) -> dict[str, int]:
    return {line["service"]: line["port"] for line in listed}


def answers(running: Running, folder: Path | None = None) -> bool:
    """Whether the database whose address the folder has lets us in."""
    known = json.loads(((folder or running.state / "run") / "environment.json").read_text(encoding="utf-8"))
    with psycopg.connect(known["TRUEUP_SYNC_OPERATOR_URL"]) as connection:
        return connection.execute("select 1").fetchone() == (1,)


def test_every_service_runs_is_revived_and_does_not_outlive_a_killed_supervisor(state):
    command = (sys.executable, "-m", "trueup", "up", "--scale", "sync=2")
    running = Running(state, *command)
    services = [line for line in running.listed if line["role"] != "engine"]
    assert [line["service"] for line in services if line["replica"] == 1] == list(SERVICES)
    assert [line["service"] for line in services if line["replica"] == 2] == ["sync"]
    assert len(running.environment["TRUEUP_SYNC_URL"].split(",")) == 2

    killed = next(line for line in services if line["service"] == "sync")
    os.kill(killed["pid"], signal.SIGKILL)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _is_revived(killed, running.listed):
        assert time.monotonic() < deadline, running.said
        time.sleep(0.05)
    assert "sync ended (-9); starting it again" in running.said

    running.family = [running.supervisor, *running.supervisor.children(recursive=True)]
    running.supervisor.kill()
    running.process.wait(GONE_TIMEOUT_S)
    again = Running(state, *command)
    assert running.alive() == []
    again.end()


def _is_revived(killed: dict[str, Any], listed: list[dict[str, Any]]) -> bool:
    """Another process answers at the same port."""
    same_port = [line["pid"] for line in listed if line["port"] == killed["port"]]
    if not same_port or same_port[0] == killed["pid"]:
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{killed['port']}/readyz", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False
