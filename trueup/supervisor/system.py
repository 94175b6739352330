"""Bringing a whole system up, watching it, and taking it down."""

import gc
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from trueup.databases import services_with_database
from trueup.engines import NatsServer, PostgresServer
from trueup.engines.processes import EngineError, log_end
from trueup.local import LocalError, Secrets, State, write_environment
from trueup.supervisor import children, leftovers
from trueup.supervisor.attention import Attention
from trueup.supervisor.children import Child, Task
from trueup.supervisor.environment import bus_access_of, environment_of
from trueup.supervisor.plan import Plan, Replica
from trueup.supervisor.workers import Worker, caller_environment, end_all, start_due

READY_TIMEOUT_S = 90.0
LOOK_S = 0.5
SIGNAL_EXIT = 128
_IMPORTED_LATER = ("uvloop", "uvicorn.protocols.http.auto", "anyio._backends._asyncio")
"""What every service would import by itself: for its event loop, its server, its first request."""
PREPARATION = "trueup.supervisor.preparation"


class _Stopped(Exception):
    """A signal asked to stop."""


def _print(text: str) -> None:
    with suppress(OSError):  # our output may stand on the disk that is full
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class Supervisor:
    """Runs the engines and the planned services of a state folder until a signal comes.

    It has one thread and no event loop, since it forks.

    Args:
        plan: Which services, how often.
        state: Where everything is kept.
        companion: Runs beside the system once everything is ready (a demo, a benchmark).
        exit_with_companion: Stop when it ends; its exit code is ours. A failing one always stops.
        say: Takes a line for the person in front.
    """

    def __init__(
        self,
        plan: Plan,
        state: State,
        *,
        companion: Task | None = None,
        exit_with_companion: bool = False,
        say: Callable[[str], None] = _print,
    ) -> None:
        self._plan = plan
        self._state = state
        self._companion_task = companion
        self._exit_with_companion = exit_with_companion
        self._say = say
        self._secrets = Secrets(state)
        self._postgres = PostgresServer(state.sub("postgres"), ends_with_parent=True)
        self._bus = NatsServer(state.sub("nats"), more=bus_access_of(self._secrets), ends_with_parent=True)
        self._replicas: list[Replica] = []
        self._workers: list[Worker] = []
        self._helpers: list[Child] = []
        self._environment: dict[str, str] = {}
        self._hindered = ""

    def run(self) -> int:
        """Bring everything up, watch it, take it down. Returns the exit code.

        Raises:
            LocalError: Another supervisor runs here, or a service does not start.
            EngineError: An engine does not start.
        """
        with self._state.lock() as lock, Attention() as attention:
            self._attention = attention
            self._private = (lock.fileno(), *attention.private_files)
            try:
                self._bring_up()
                return self._watch()
            except _Stopped:
                return SIGNAL_EXIT + (attention.stop or 0)
            finally:
                self._take_down()

    def _bring_up(self) -> None:
        leftovers.end_services(self._state)
        self._postgres.start()
        self._check()
        self._bus.start()
        self._write_list()
        self._check()
        replicas = self._replicas = self._plan.replicas()
        addresses = environment_of(self._state, self._secrets, self._postgres.port, self._bus.url, replicas)
        self._environment = caller_environment() | addresses
        self._import_services()
        self._prepare()
        write_environment(self._state, addresses)
        logs = self._state.sub("log")
        self._workers = [Worker(replica, logs / f"{replica.name}.log") for replica in replicas]
        for worker in self._workers:
            worker.log.unlink(missing_ok=True)
        self._start_due()
        self._await_readiness()
        self._state.ready_file.touch()
        self._say(self._addresses())

    def _import_services(self) -> None:
        """Import once what every forked service needs, and finish what it would write to its imports.

        Pages are shared for as long as nobody writes to them: a service that configured its mappers itself, or looked
        for cycles among what was imported, had 80 MB of its own instead of 20.
        """
        if children.CAN_FORK and self._plan.services:
            import_module("shared.platform.service")
            for service in self._plan.services:
                import_module(f"services.{service}.app")
                self._check()
            for module in _IMPORTED_LATER:
                with suppress(ImportError):  # not on every platform
                    import_module(module)
            import_module("sqlalchemy.orm").configure_mappers()
            gc.freeze()

    def _prepare(self) -> None:
        """Databases and schemas beside streams, each in a process of its own: both need what we must not have."""
        log = self._state.sub("log") / "prepare.log"
        log.unlink(missing_ok=True)
        databases = [service for service in self._plan.services if service in services_with_database()]
        tasks = (
            Task(PREPARATION, "migrate_all", (self._postgres.url(), *databases)),
            Task(PREPARATION, "apply_topology"),
        )
        self._helpers = [
            children.start(task, "trueup:prepare", self._environment, log=log, close=self._close) for task in tasks
        ]
        while any(child.poll() is None for child in self._helpers):
            self._attention.wait(LOOK_S)
            self._check()
        if any(child.poll() for child in self._helpers):
            raise LocalError(f"the databases or streams could not be prepared; the end of {log}:\n{log_end(log)}")

    def _start_due(self) -> None:
        if start_due(self._workers, self._environment, self._private):
            self._write_list()

    def _await_readiness(self) -> None:
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not all(worker.ask_readiness() for worker in self._workers):
            self._attention.wait(0.05)
            self._check()
            self._revive()
            for worker in self._workers:
                if worker.fails_to_start or (time.monotonic() > deadline and not worker.is_ready):
                    self._give_up(worker)

    def _give_up(self, worker: Worker) -> NoReturn:
        raise LocalError(
            f"{worker.replica.name} does not become ready: {worker.readiness}\nthe end of {worker.log}:\n"
            f"{log_end(worker.log)}"
        )

    def _watch(self) -> int:
        """Keep everything alive until a signal comes or the companion ends."""
        companion = self._start_companion()
        while self._attention.stop is None:
            self._keep_alive()
            code = companion.poll() if companion is not None else None
            if companion is not None and code is not None:
                if code or self._exit_with_companion:
                    return abs(code)
                companion = None
            self._attention.wait(LOOK_S)
        return 0

    def _start_companion(self) -> Child | None:
        if self._companion_task is None:
            return None
        companion = children.start(self._companion_task, "trueup:companion", self._environment, close=self._close)
        self._helpers.append(companion)
        return companion

    def _keep_alive(self) -> None:
        """One look. What a full disk refuses is tried again at the next one: whatever still runs goes on."""
        try:
            self._revive()
            if self._hindered:
                self._write_list()
        except (OSError, EngineError) as error:
            if str(error) != self._hindered:
                self._say(f"trueup: {error}; trying again")
            self._hindered = str(error)
        else:
            self._hindered = ""

    def _revive(self) -> None:
        """Start again what has died: engines at once, services with growing delays."""
        for name, engine in (("PostgreSQL", self._postgres), ("NATS", self._bus)):
            if not engine.is_running:
                self._say(f"trueup: {name} ended; starting it again")
                engine.stop()
                engine.start()
                self._write_list()
        for worker in self._workers:
            if worker.notice_end():
                self._say(f"trueup: {worker.replica.name} ended ({worker.last_code}); starting it again")
        self._start_due()

    @property
    def _close(self) -> tuple[int, ...]:
        """What a child that is no service must not keep open."""
        return (*self._private, *(replica.listener.fileno() for replica in self._replicas))

    def _check(self) -> None:
        if self._attention.stop is not None:
            raise _Stopped

    def _take_down(self) -> None:
        """End services first, then the engines that they write to."""
        self._state.ready_file.unlink(missing_ok=True)
        for replica in self._replicas:
            replica.listener.close()
        end_all([child for child in [*self._helpers, *(worker.child for worker in self._workers)] if child is not None])
        for engine in (self._bus, self._postgres):
            engine.stop()
        for file in (self._state.environment_file, self._state.processes_file):
            file.unlink(missing_ok=True)

    def _write_list(self) -> None:
        engines = (("postgres", self._postgres), ("nats", self._bus))
        lines = [
            leftovers.describe(name, "engine", engine.pid, engine.port, 1) for name, engine in engines if engine.pid
        ]
        for worker in self._workers:
            if worker.child is not None:
                replica = worker.replica
                lines.append(leftovers.describe(replica.service, "all", worker.child.pid, replica.port, replica.number))
        leftovers.write_list(self._state, lines)

    def _addresses(self) -> str:
        """The table of where everything listens."""
        rows = [("PostgreSQL", f"127.0.0.1:{self._postgres.port}"), ("NATS", self._bus.url)]
        rows += [(worker.replica.name, worker.replica.url) for worker in self._workers]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:<{width}}  {address}" for name, address in rows)
