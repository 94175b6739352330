"""The system that is measured: one of its own, in a fresh folder, started and stopped as an operator does it."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp

from trueup.demo.door import DemoError
from trueup.engines.ports import LOOPBACK, claim_port
from trueup.engines.processes import end_with_parent, log_end
from trueup.local import STATE_VARIABLE, State, read_json

READY_S = 120.0
END_S = 60.0
_CHILD = "import sys; from trueup.bench.system import child; sys.exit(child(*sys.argv[1:]))"


def child(parent: str, *arguments: str) -> int:
    """A ``trueup`` command that ends with the benchmark, however that ends."""
    from trueup.cli import main  # noqa: PLC0415 - the command line imports us

    end_with_parent(int(parent), signal.SIGTERM)
    return main(arguments)


class System:
    """A state folder with a supervisor that comes and goes. While it runs its variables are in ``os.environ``."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self._outside = {name: value for name, value in os.environ.items() if name != STATE_VARIABLE}
        self._supervisor: subprocess.Popen[bytes] | None = None

    def clear(self) -> None:
        """Begin with nothing."""
        shutil.rmtree(self.state.folder, ignore_errors=True)
        self.state.folder.mkdir(parents=True)

    @property
    def log(self) -> Path:
        """What the supervisor says."""
        return self.state.folder / "supervisor.log"

    @property
    def is_running(self) -> bool:
        """Whether its supervisor is there."""
        return self._supervisor is not None and self._supervisor.poll() is None

    async def start(self, *arguments: str) -> float:
        """``trueup up`` until everything is ready; returns how many seconds that took."""
        begin = monotonic()
        self._supervisor = self._run(["up", *arguments], self._outside | {STATE_VARIABLE: str(self.state.folder)})
        while not self.state.ready_file.exists():
            if self._supervisor.poll() is not None or monotonic() - begin > READY_S:
                raise DemoError(f"the system does not start; the end of {self.log}:\n{log_end(self.log)}")
            await asyncio.sleep(0.01)
        seconds = monotonic() - begin
        os.environ.update(read_json(self.state.environment_file))
        return seconds

    async def stop(self) -> None:
        """End it; its data stay."""
        if self._supervisor is None:
            return
        await _end(self._supervisor)
        self._supervisor = None
        for name in set(os.environ) - set(self._outside):
            del os.environ[name]

    def processes(self) -> list[dict[str, Any]]:
        """What runs: service, role, pid, port and so on, the supervisor's own process included."""
        assert self._supervisor is not None
        listed: list[dict[str, Any]] = read_json(self.state.processes_file) or []
        return [*listed, {"service": "supervisor", "role": "supervisor", "pid": self._supervisor.pid}]

    @asynccontextmanager
    async def service(self, name: str, roles: Sequence[str]) -> AsyncIterator[str]:
        """One process of a service with some roles only, beside what runs; gives its address."""
        listener = claim_port()
        port = listener.getsockname()[1]
        environment = dict(os.environ) | {"TRUEUP_PORT": str(port), "TRUEUP_LISTEN_FD": str(listener.fileno())}
        process = self._run(["run", name, "--roles", ",".join(roles)], environment, keep=(listener.fileno(),))
        listener.close()
        url = f"http://{LOOPBACK}:{port}"
        try:
            await _until_ready(url, process, self.log)
            yield url
        finally:
            await _end(process)

    def _run(
        self, arguments: Sequence[str], environment: dict[str, str], keep: Sequence[int] = ()
    ) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(  # noqa: S603 - our own interpreter and command
                [sys.executable, "-c", _CHILD, str(os.getpid()), *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=keep,
            )


async def _until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = monotonic() + READY_S
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz", timeout=aiohttp.ClientTimeout(total=1)) as answer:
                    if answer.status == 200:  # noqa: PLR2004 - OK
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            if process.poll() is not None or monotonic() > deadline:
                raise DemoError(f"a service does not become ready; the end of {log}:\n{log_end(log)}")
            await asyncio.sleep(0.05)


async def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
