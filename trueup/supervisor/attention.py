"""Signals as something that a single-threaded loop can wait for."""

import os
import select
import signal
import sys
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import psutil

from trueup.engines.processes import is_gone

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MAKE = ("make", "gmake")
SHELLS = ("sh", "dash", "bash")


class Attention:
    """While entered, INT, TERM and HUP are noted and a child's end wakes the loop.

    ``make`` passes on only TERM: after INT or HUP to it alone it waits for its recipe for ever. So, on Linux, a
    parent named make is looked at too: a stop signal that it no longer catches is one that it got.
    """

    def __init__(self) -> None:
        self._stop: signal.Signals | None = None
        self._read, self._write = os.pipe()
        self._make = _MakeAbove.find()

    @property
    def stop(self) -> signal.Signals | None:
        """The signal that asks to stop, if one came."""
        if self._stop is None and self._make is not None:
            self._stop = self._make.received()
        return self._stop

    @property
    def private_files(self) -> tuple[int, ...]:
        """File descriptors that a forked child must close."""
        return (self._read, self._write)

    def wait(self, timeout: float) -> None:
        """Sleep until something happens, at most ``timeout`` seconds."""
        readable, _, _ = select.select([self._read], [], [], timeout)
        if readable:
            os.read(self._read, 4096)

    def __enter__(self) -> Self:
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        for number in STOP_SIGNALS:
            # nohup's wish is kept; INT and TERM mean us even where a shell made its background jobs ignore them
            if number != signal.SIGHUP or self._before[number] != signal.SIG_IGN:
                signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, _nothing)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for end in (self._read, self._write):
            os.close(end)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._stop = self._stop or signal.Signals(number)


class _MakeAbove:
    """The make that started us, and which stop signals it caught then."""

    def __init__(self, make: psutil.Process) -> None:
        self._make = make
        self._caught = self._catches()

    @classmethod
    def find(cls) -> "_MakeAbove | None":
        if sys.platform != "linux":
            return None
        try:
            for process in psutil.Process().parents():
                if process.name() in MAKE:
                    return cls(process)
                if process.name() not in SHELLS:  # a recipe with quotes runs in a shell
                    return None
        except psutil.Error:
            pass
        return None

    def received(self) -> signal.Signals | None:
        """A stop signal that make has got. A make that is gone counts as a TERM."""
        if is_gone(self._make):
            return signal.SIGTERM
        return next(iter(sorted(self._caught - self._catches())), None)

    def _catches(self) -> set[signal.Signals]:
        try:
            status = Path(f"/proc/{self._make.pid}/status").read_text(encoding="ascii")
        except OSError:
            return set()
        mask = next((int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt:")), 0)
        return {number for number in STOP_SIGNALS if mask >> (number - 1) & 1}


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler, so that the signal reaches the wake-up file."""
