"""The services' processes: started, watched, started again when they die, ended."""

import http.client
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.engines.ports import LOOPBACK
from trueup.supervisor import children
from trueup.supervisor.children import Child, Task
from trueup.supervisor.plan import Replica

FIRST_DELAY_S = 0.1
LONGEST_DELAY_S = 5.0
STEADY_AFTER_S = 10.0  # a life this long makes earlier deaths forgotten
MOST_EARLY_DEATHS = 5
END_TIMEOUT_S = 10.0
ASK_TIMEOUT_S = 0.5
FAILPOINT = "TRUEUP_FAILPOINT"


@dataclass
class Worker:
    """One replica of a service through its lives."""

    replica: Replica
    log: Path
    child: Child | None = None
    started: float = 0.0
    deaths: int = 0
    again_at: float = 0.0
    is_ready: bool = False
    last_code: int | None = None
    readiness: str = "never asked"

    def start(self, environment: Mapping[str, str], close: Sequence[int]) -> None:
        """Start its process. From the second life on without the named point at which the first was to die."""
        listener = self.replica.listener.fileno()
        own = {
            **environment,
            "TRUEUP_HOST": LOOPBACK,
            "TRUEUP_PORT": str(self.replica.port),
            "TRUEUP_LISTEN_FD": str(listener),
        }
        if self.deaths:
            own.pop(FAILPOINT, None)
        task = Task("trueup.commands.run", "run_service", (self.replica.service,))
        self.child = children.start(
            task, f"trueup:{self.replica.name}", own, log=self.log, close=close, keep=(listener,)
        )
        self.started = time.monotonic()

    def notice_end(self) -> bool:
        """Whether its process has ended since the last look; sets when to start the next."""
        code = self.child.poll() if self.child is not None else None
        if code is None:
            return False
        now = time.monotonic()
        self.deaths = 1 if now - self.started > STEADY_AFTER_S else self.deaths + 1
        self.again_at = now + min(LONGEST_DELAY_S, FIRST_DELAY_S * 2 ** (self.deaths - 1))
        self.child, self.last_code = None, code
        return True

    def ask_readiness(self) -> bool:
        """Whether the service says that it is ready (asked until it once was)."""
        if not self.is_ready and self.child is not None:
            self.is_ready, self.readiness = _ask(self.replica.port, "/readyz")
        return self.is_ready

    @property
    def fails_to_start(self) -> bool:
        """It died several times and was never ready."""
        return not self.is_ready and self.deaths >= MOST_EARLY_DEATHS


def start_due(workers: Sequence[Worker], environment: Mapping[str, str], close: Sequence[int]) -> list[Worker]:
    """Start every worker that has no process and is due; returns those."""
    due = [worker for worker in workers if worker.child is None and worker.again_at <= time.monotonic()]
    for worker in due:
        others = [other.replica.listener.fileno() for other in workers if other is not worker]
        worker.start(environment, (*close, *others))
    return due


def end_all(running: Sequence[Child]) -> None:
    """Ask all to end, wait for them together, and end by force whoever does not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for child in running:
            child.send(number)
        deadline = time.monotonic() + END_TIMEOUT_S
        while any(child.poll() is None for child in running) and time.monotonic() < deadline:
            time.sleep(0.01)


def _ask(port: int, path: str) -> tuple[bool, str]:
    """Whether a page answers 200, and what it says."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ASK_TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == http.client.OK, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return False, str(error)
    finally:
        connection.close()


def caller_environment() -> dict[str, str]:
    """What children inherit of our own environment: all but another system's addresses."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_") or name == FAILPOINT}
