"""How faults are done: to the processes of a supervisor's state folder, or through an operator's own commands."""

import asyncio
import os
import shlex
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import psutil
import psycopg

from shared.platform.failpoints import FOLDER_VARIABLE, drop
from trueup.access import service_address
from trueup.chaos.faults import AWAY, ENGINES, KILL, PAUSE, SESSIONS, Fault
from trueup.chaos.schedule import Ground
from trueup.local import LOCK, State
from trueup.supervisor.leftovers import running

APPEARS_WITHIN_S = 60.0
COMMAND_TIMEOUT_S = 60.0


class Means(Protocol):
    """A way to disturb a system."""

    @property
    def ground(self) -> Ground:
        """What can be disturbed."""

    def refusal(self, fault: Fault) -> str:
        """Why this fault cannot be done here; empty if it can."""

    async def do(self, fault: Fault) -> str:
        """Do it, wait until what lasts is over, and say what was done."""


def failpoint_folder() -> Path | None:
    """Where points of the running services are armed, if they were started so that they look there."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None


@dataclass
class Supervised:
    """The processes that a supervisor lists in its state folder. It starts again what was killed."""

    state: State
    _stops: int = 0

    @property
    def ground(self) -> Ground:
        """Every service with its processes, and both engines."""
        replicas: dict[str, int] = {}
        for line in self._listed():
            if line["service"] not in ENGINES:
                replicas[line["service"]] = max(replicas.get(line["service"], 0), line["replica"])
        return Ground(replicas, failpoints=failpoint_folder() is not None)

    def refusal(self, fault: Fault) -> str:
        """Why this fault cannot be done here; empty if it can."""
        known = self.ground.replicas
        if fault.target not in ENGINES and fault.target not in known:
            return f"{fault.target} does not run here"
        if fault.replica is not None and fault.replica > known[fault.target]:
            return f"{fault.target} has {known[fault.target]} processes here"
        if fault.is_failpoint and failpoint_folder() is None:
            return f"this system was started without {FOLDER_VARIABLE}"
        return ""

    async def do(self, fault: Fault) -> str:
        """Do it, wait until what lasts is over, and say what was done."""
        if fault.is_failpoint:
            return _arm(fault)
        if fault.action == SESSIONS:
            return await _sessions_ended(fault.target)
        numbers = await self._numbers(fault)
        if not numbers:
            return "nothing of it was running"
        if fault.action == AWAY:
            await self._keep_away(numbers, fault.seconds or 0.0)
        elif fault.action == PAUSE:
            await _pause(numbers, fault.seconds or 0.0)
        else:
            _signal(numbers, signal.SIGKILL)
        return f"process {', '.join(map(str, numbers))}"

    def _listed(self) -> list[dict[str, Any]]:
        return running(self.state)

    async def _numbers(self, fault: Fault) -> list[int]:
        """The target's processes; one that is just being started again is waited for."""
        deadline = monotonic() + APPEARS_WITHIN_S
        while True:
            found = [
                line["pid"]
                for line in await asyncio.to_thread(self._listed)
                if line["service"] == fault.target and fault.replica in (None, line["replica"])
            ]
            if found or monotonic() > deadline:
                return found
            await asyncio.sleep(0.1)

    async def _keep_away(self, numbers: list[int], seconds: float) -> None:
        """Kill, while the supervisor sleeps: it would start it again at once."""
        supervisor = int((self.state.folder / "run" / LOCK).read_text(encoding="ascii"))
        self._stops += 1
        os.kill(supervisor, signal.SIGSTOP)
        try:
            _signal(numbers, signal.SIGKILL)
            await asyncio.sleep(seconds)
        finally:
            self._stops -= 1
            if not self._stops:
                os.kill(supervisor, signal.SIGCONT)


@dataclass(frozen=True)
class Commanded:
    """Targets that an operator's own commands kill (``docker kill ...``); whatever runs them starts them again."""

    commands: Mapping[str, str]

    @property
    def ground(self) -> Ground:
        """One process per command."""
        services = {name: 1 for name in self.commands if name not in ENGINES}
        engines = [name for name in self.commands if name in ENGINES]
        return Ground(services, engines, failpoints=failpoint_folder() is not None, only_kill=True)

    def refusal(self, fault: Fault) -> str:
        """Why this fault cannot be done here; empty if it can."""
        if fault.is_failpoint or fault.action == SESSIONS:
            missing = fault.is_failpoint and failpoint_folder() is None
            return f"set {FOLDER_VARIABLE} for the services and for this command" if missing else ""
        if fault.action != KILL or fault.replica is not None:
            return "through a command a target can only be killed as a whole"
        return "" if fault.target in self.commands else f"there is no --kill {fault.target}=COMMAND"

    async def do(self, fault: Fault) -> str:
        """Do it and say what was done."""
        if fault.is_failpoint:
            return _arm(fault)
        if fault.action == SESSIONS:
            return await _sessions_ended(fault.target)
        words = shlex.split(self.commands[fault.target])
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            code = await process.wait()
        return f"{words[0]} ended with {code}"


def _arm(fault: Fault) -> str:
    folder = failpoint_folder()
    assert folder is not None
    drop(folder, fault.target, fault.action, "kill" if fault.seconds is None else f"sleep={fault.seconds:g}")
    return "armed"


def not_reached() -> list[str]:
    """Points that nobody has passed since they were armed; they are disarmed."""
    folder = failpoint_folder()
    files = sorted(folder.glob("[a-z]*@*")) if folder is not None else []
    for file in files:
        file.unlink(missing_ok=True)
    return [file.name for file in files]


async def _sessions_ended(service: str) -> str:
    """End a service's database sessions, as soon as the database answers."""
    deadline = monotonic() + APPEARS_WITHIN_S
    while True:
        try:
            return await asyncio.to_thread(_end_sessions, service)
        except psycopg.OperationalError:
            if monotonic() > deadline:
                return "the database does not answer"
            await asyncio.sleep(0.2)


def _end_sessions(service: str) -> str:
    with psycopg.connect(service_address(service), application_name="trueup-chaos", autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    return f"{ended[0] if ended else 0} database sessions"


async def _pause(numbers: list[int], seconds: float) -> None:
    _signal(numbers, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        _signal(numbers, signal.SIGCONT)


def _signal(numbers: list[int], number: signal.Signals) -> None:
    for each in numbers:
        try:
            psutil.Process(each).send_signal(number)
        except psutil.NoSuchProcess:
            continue
