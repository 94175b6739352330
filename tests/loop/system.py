"""A whole system as an operator has it: engines and services as processes, reached from outside only."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.harness.surroundings import ROOT, bare_environment, ends_with_us
from tests.loop import second_shell

READY_S = 120.0
NOT_SETTLED = 3
SETTLE_TRIES = 4


class System:
    """One supervisor in a state folder of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._more_environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "supervisor.log"

    # --- life ---------------------------------------------------------------------------------

    def start(self, *options: str) -> None:
        """``trueup up`` with options, until everything is ready."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "trueup", "up", *options],
                cwd=ROOT,
                env=self._bare_environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=ends_with_us(),  # noqa: PLW1509 - two system calls
            )
        deadline = time.monotonic() + READY_S
        while not (self.folder / "run" / "ready").exists():
            assert self._process.poll() is None, f"the supervisor ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"not ready in {READY_S} s:\n{self.log()}"
            time.sleep(0.1)

    def stop(self) -> None:
        """End it as a person does, and see that nothing is left."""
        if self._process is None:
            return
        children = psutil.Process(self._process.pid).children(recursive=True) if self._process.poll() is None else []
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        _gone, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, f"left behind: {alive}"
        self._process = None

    def log(self) -> str:
        return self._log.read_text(encoding="utf8", errors="replace")[-4000:]

    def _bare_environment(self) -> dict[str, str]:
        return bare_environment() | {
            "TRUEUP_STATE_DIR": str(self.folder),
            "TRUEUP_RETRY_SECONDS": "0.05",
            "TRUEUP_FAILPOINT_DIR": str(self.folder / "run" / "failpoints"),
            "TRUEUP_RATE_LIMIT_FACTOR": "1000",  # everybody comes from one address
            "PYTHONWARNINGS": "default",
            **self._more_environment,
        }

    # --- what an operator sees ----------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """Every address and password of the running system."""
        known: dict[str, str] = json.loads((self.folder / "run" / "environment.json").read_text())
        return known

    def url(self, service: str) -> str:
        return self.environment[f"TRUEUP_{service.upper()}_URL"].split(",")[0]

    def trueup(
        self, *arguments: str, check: bool = True, stdin: bytes | None = None, timeout: float = 150
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the operator in a second shell."""
        done = second_shell.run(arguments, self._bare_environment(), stdin or b"", timeout)
        if check:
            assert done.returncode == 0, (
                f"trueup {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def processes(self, service: str) -> list[dict[str, Any]]:
        """The replicas of a service, as ``trueup ps`` lists them."""
        return [line for line in json.loads(self.trueup("ps", "--json").stdout) if line["service"] == service]

    def kill(self, service: str) -> set[int]:
        """End every replica of a service with -9; returns the pids that are gone."""
        pids = {process["pid"] for process in self.processes(service)}
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids

    def settle(self) -> None:
        """Wait until nothing is on its way any more; everything adds up then.

        What a killed replica had fetched comes again after the durable's ``ack_wait``; ``verify`` waits that long
        once, and a message may be in the hands of several that are killed.
        """
        for _ in range(SETTLE_TRIES):
            done = self.trueup("verify", check=False)
            if done.returncode != NOT_SETTLED:
                break
        assert done.returncode == 0, done.stdout + done.stderr

    def figures(self, *, slug: str) -> list[dict[str, Any]]:
        """Every derived figure of one organization, without its name."""
        every = json.loads(self.trueup("figures", "--json").stdout)
        return sorted(
            (
                {name: value for name, value in figure.items() if name != "organization"}
                for figure in every
                if figure.get("organization") == slug
            ),
            key=lambda figure: json.dumps(figure, sort_keys=True),
        )
