"""The process that prints: charts and typesetting outside the service's own process.

It is started by the first report, kept warm for the next ones, and ended after a minute without work, so that
a service that prints nothing stays small and its event loop free. It has no secrets in its environment
and no connection to anything; it ends by itself when the service does (its input closes).
"""

import asyncio
import atexit
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO

from services.reporting.report.document import ReportDocument
from shared.kernel.errors import Unavailable
from shared.platform.settings import bare_environment

PRINTED, FAILED = b"\x01", b"\x00"
LENGTH = struct.Struct(">I")
WORKER = "services.reporting.report.rendering.worker"
IDLE_SECONDS = 60.0
PATIENCE_SECONDS = 25.0
"""For one attempt: two of them end before the database ends the waiting transaction (60 s)."""
QUEUE = 4
"""Reports that may wait for the press; each holds a database connection meanwhile."""

_ROOT = Path(__file__).parents[4]


class PressBusy(Unavailable):
    """Too many reports at once."""

    code = "press_busy"


class NotPrinted(Unavailable):
    """The report could not be printed."""

    code = "report_not_printed"


def press_version(document: ReportDocument) -> str:
    """What a document's bytes depend on besides the document."""
    made_of = ("typst", "altair", "vl-convert-python", "font-lato")
    return ", ".join([f"edition {document.edition}", *(f"{name} {version(name)}" for name in made_of)])


class Press:
    """One printing process, started when first needed. Safe to use from several event loops."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._patience_seconds = patience_seconds
        self._thread: ThreadPoolExecutor | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._idle: threading.Timer | None = None
        self._waiting = 0

    async def print(self, document: ReportDocument) -> bytes:
        """The document as PDF.

        Raises:
            PressBusy: too many reports are waiting.
            NotPrinted: the process failed twice, or took too long.
        """
        if self._waiting > QUEUE:
            raise PressBusy("Several reports are being printed; try again in a moment.", retry_after_seconds=2)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="press")
        self._waiting += 1
        try:
            payload = document.model_dump_json().encode()
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._print, payload)
        finally:
            self._waiting -= 1

    @property
    def process_id(self) -> int | None:
        """The printing process, if one is running."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def close(self) -> None:
        """End the process; the next report starts another."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _print(self, payload: bytes) -> bytes:
        if self._idle is not None:
            self._idle.cancel()
        try:
            return self._attempt(payload)
        except (OSError, EOFError):
            # It was ended from outside, or by this very report: one more try tells which.
            self.close()
            try:
                return self._attempt(payload)
            except (OSError, EOFError) as error:
                self.close()
                raise NotPrinted("The report could not be printed; try again later.") from error
        finally:
            self._end_when_idle()

    def _attempt(self, payload: bytes) -> bytes:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = self._started()
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        patience = threading.Timer(self._patience_seconds, process.kill)
        patience.daemon = True
        patience.start()
        try:
            process.stdin.write(LENGTH.pack(len(payload)) + payload)
            process.stdin.flush()
            verdict = read_exactly(process.stdout, 1)
            answer = read_exactly(process.stdout, LENGTH.unpack(read_exactly(process.stdout, LENGTH.size))[0])
        finally:
            patience.cancel()
        if verdict == FAILED:
            raise NotPrinted(f"The report could not be printed: {answer.decode(errors='replace')[:300]}")
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own module, by argument vector, no outside input
            [sys.executable, "-m", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env=bare_environment(),
        )

    def _end_when_idle(self) -> None:
        def end() -> None:
            if self._thread is not None and self._waiting == 0:
                self._thread.submit(self.close)

        self._idle = threading.Timer(self._idle_seconds, end)
        self._idle.daemon = True
        self._idle.start()


def read_exactly(stream: IO[bytes], count: int) -> bytes:
    """``count`` bytes of a pipe; ``EOFError`` if it ends before."""
    data = stream.read(count)
    if len(data) < count:
        raise EOFError("the pipe ended")
    return data


PRESS = Press()
"""The press of this process."""

atexit.register(PRESS.close)
