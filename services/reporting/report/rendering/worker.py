"""The printing process: reads documents from its input, writes PDFs to its output, ends when its input ends."""

import contextlib
import os
import signal
import sys
from typing import IO

from services.reporting.report.document import ReportDocument
from services.reporting.report.rendering.press import FAILED, LENGTH, PRINTED, read_exactly
from services.reporting.report.rendering.typesetting import typeset


def answer(payload: bytes) -> tuple[bytes, bytes]:
    """The verdict and the PDF, or what was wrong with the document."""
    try:
        return PRINTED, typeset(ReportDocument.model_validate_json(payload))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one report, the next one is printed
        return FAILED, f"{type(error).__name__}: {error}".encode()


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the input ends."""
    while True:
        try:
            payload = read_exactly(requests, LENGTH.unpack(read_exactly(requests, LENGTH.size))[0])
        except EOFError:
            return
        verdict, body = answer(payload)
        answers.write(verdict + LENGTH.pack(len(body)) + body)
        answers.flush()


def main() -> None:
    """Take over the standard streams, and print."""
    # Ctrl-C reaches the whole group; this process ends when the service closes its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        # A report may take a little longer; an event may not.
        os.nice(5)
    answers = os.fdopen(os.dup(1), "wb")
    # What a library prints must not get into the answers.
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
