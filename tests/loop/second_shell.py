"""The operator's second shell: a process for each command, as there, which need not import everything first.

What a command of ``trueup`` needs takes seconds to import, and a run of the tests gives some fifty commands.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.harness.surroundings import ROOT
from trueup import cli

_GIVEN = ("chaos", "dead-letters", "events", "figures", "migrate", "ps", "re-emit", "rebuild", "replay", "verify")
_READY = multiprocessing.get_context("forkserver")
_READY.set_forkserver_preload([cli.COMMANDS[name][0] for name in _GIVEN])
_WRITE = os.O_WRONLY | os.O_CREAT


def run(
    arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes, timeout: float
) -> subprocess.CompletedProcess[str]:
    """``python -m trueup <arguments>``, with nothing but this environment.

    Raises:
        subprocess.TimeoutExpired: It took longer than so many seconds, and was ended.
    """
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        streams[0].write_bytes(stdin)
        for file in streams[1:]:
            file.touch()
        process = _READY.Process(target=_command, args=(arguments, dict(environment), streams))
        process.start()
        process.join(timeout)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
        process.close()
        said, complained = (file.read_text(encoding="utf8") for file in streams[1:])
    if code is None:
        raise subprocess.TimeoutExpired(["trueup", *arguments], timeout, said, complained)
    return subprocess.CompletedProcess(["trueup", *arguments], code, said, complained)


def _command(arguments: Sequence[str], environment: Mapping[str, str], streams: Sequence[Path]) -> None:
    """In the process: become what the command would be. It ends when the test run does, however that ends."""
    threading.Thread(target=_end_with, args=[multiprocessing.parent_process()], daemon=True).start()
    for number, (file, flags) in enumerate(zip(streams, (os.O_RDONLY, _WRITE, _WRITE), strict=True)):
        os.dup2(os.open(file, flags), number)
    sys.stdin = open(0, closefd=False, encoding="utf8")  # noqa: SIM115 - as long as the process
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    sys.argv = ["trueup", *arguments]
    sys.exit(cli.main(arguments))


def _end_with(run: Any) -> None:
    run.join()
    os.kill(os.getpid(), signal.SIGTERM)
