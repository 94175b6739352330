"""Starting, watching and ending an engine's process."""

import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

POLL_S = 0.01
LOG_LINES = 15


class EngineError(RuntimeError):
    """An engine could not be prepared, started or stopped; the text says what to do."""


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


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, never half."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def log_end(path: Path) -> str:
    """The last lines of an engine's log, for an error's text."""
    if not path.exists():
        return "(no log)"
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
