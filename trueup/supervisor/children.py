"""Child processes that run a function of ours: forked from the warm supervisor on Linux, started anew elsewhere.

Forking shares the imported code: seven services need a third of the time and half of the memory. It is safe because
the supervisor has one thread and no event loop.
"""

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from trueup.engines.processes import end_with_parent, set_process_name
from trueup.supervisor.attention import STOP_SIGNALS

CAN_FORK = sys.platform == "linux"
CRASHED = 70
FROM_COMMAND_LINE = (
    "import sys; from trueup.supervisor.children import Task; sys.exit(Task(*sys.argv[1:3], tuple(sys.argv[3:])).run())"
)


@dataclass(frozen=True, slots=True)
class Task:
    """A function to run in a process of its own: it takes strings and returns an exit code or nothing."""

    module: str
    function: str
    arguments: tuple[str, ...] = ()

    def run(self) -> int:
        """Run it here; returns the process's exit code."""
        try:
            code = getattr(import_module(self.module), self.function)(*self.arguments)
        except SystemExit as ending:
            code = ending.code
        except Exception:  # noqa: BLE001 - whatever it is, it is printed and ends the process
            traceback.print_exc()
            return CRASHED
        if code is None or isinstance(code, int):
            return code or 0
        sys.stderr.write(f"{code}\n")
        return 1


class Child:
    """A running task."""

    def __init__(self, pid: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.pid = pid
        self._process = process
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code (negative: the signal that ended it), None while it runs."""
        if self._process is not None:
            return self._process.poll()
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


def start(
    task: Task,
    name: str,
    environment: Mapping[str, str],
    *,
    log: Path | None = None,
    close: Sequence[int] = (),
    keep: Sequence[int] = (),
) -> Child:
    """Run a task in a child process that ends with this one.

    Args:
        task: What to run.
        name: What ``ps`` and ``top`` show.
        environment: The child's whole environment.
        log: Where its output goes; ours if None.
        close: The parent's own file descriptors, which a forked child must not keep open.
        keep: Those that it inherits under the same number.
    """
    if not CAN_FORK:
        return _spawn(task, environment, log, keep)
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Child(pid)
    code = CRASHED
    try:
        _become(name, parent, environment, log, close)
        code = task.run()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)  # never up the parent's stack


def _become(name: str, parent: int, environment: Mapping[str, str], log: Path | None, close: Sequence[int]) -> None:
    """Shed what a forked child has of its parent."""
    os.setsid()  # a Ctrl-C in the terminal is the supervisor's to pass on
    signal.set_wakeup_fd(-1)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    end_with_parent(parent, signal.SIGTERM)
    set_process_name(name)
    for file in close:
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if log is not None:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        # lines as they come: a log that ends in the middle of a buffer tells nothing of a crash
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)


def _spawn(task: Task, environment: Mapping[str, str], log: Path | None, keep: Sequence[int]) -> Child:
    command = [sys.executable, "-c", FROM_COMMAND_LINE, task.module, task.function, *task.arguments]
    output = log.open("ab") if log is not None else None
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=keep,
        )
    finally:
        if output is not None:
            output.close()
    return Child(process.pid, process)
