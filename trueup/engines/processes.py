"""Starting, watching and ending an engine's process."""

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil

LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
POLL_S = 0.01
LOG_LINES = 15


class EngineError(RuntimeError):
    """An engine could not be prepared, started or stopped; the text says what to do."""


def spawn(
    arguments: Sequence[str], log: Path, folder: Path, ending: signal.Signals | None = None, **run_as: Any
) -> subprocess.Popen[bytes]:
    """Start an engine's program in a session of its own: a Ctrl-C in the terminal is the supervisor's to pass on.

    Args:
        arguments: The program and what it is told.
        log: Where its output goes; begun anew.
        folder: Its working folder.
        ending: The signal that it gets when we die.
        run_as: As whom and with which environment, as ``Popen`` has it.
    """
    parent = os.getpid()
    before = partial(end_with_parent, parent, ending) if ending is not None else None
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - our own wheels' programs, by argument vector
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            start_new_session=True,
            preexec_fn=before,  # noqa: PLW1509 - two system calls; only asked for by single-threaded parents
            **run_as,
        )


def wait_until(done: Callable[[], bool], timeout: float) -> bool:
    """Poll until a condition holds; False when ``timeout`` seconds passed without it."""
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def end_process(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal and wait its seconds, until the process is gone. It is reaped afterwards."""
    for number, timeout in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        raise EngineError(f"process {process.pid} does not end")


def end_leftovers(found: Sequence[psutil.Process], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """End processes that an earlier, killed run left behind.

    They are not our children: some other process has to reap them, so a zombie counts as gone.
    """
    for number, timeout in steps:
        alive = [process for process in found if not is_gone(process)]
        if not alive:
            return
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        wait_until(lambda: all(is_gone(process) for process in found), timeout)
    alive = [process for process in found if not is_gone(process)]
    if alive:
        raise EngineError(f"an earlier run's processes do not end: {', '.join(str(process.pid) for process in alive)}")


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended, reaped or not. A reused number is another process."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """Have the kernel signal this process when its parent (more exactly: the thread that started it) dies.

    However it dies. Linux; elsewhere nothing happens, and the next start finds what was left.
    """
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), number)


def set_process_name(name: str) -> None:
    """What ``ps`` and ``top`` show for this process (the first 15 bytes; Linux)."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_NAME, name.encode())


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, never half."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def log_end(path: Path) -> str:
    """The last lines of an engine's log, for an error's text."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
