"""Where a run's files stand, and what the processes that it starts get from it."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil

from trueup.engines.postgres_home import DATA_VARIABLE
from trueup.engines.processes import end_with_parent

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
ROOM = 8 * 2**30
NAME = "trueup-tests"


def keep_compiled_code() -> None:
    """Let every process of a run take its imports from one place, even where the caller wants none kept.

    A run starts hundreds of commands: compiling what one imports takes longer than what most of them do.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.pycache_prefix = os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / "var" / "compiled"))
    sys.dont_write_bytecode = False


def work_in_memory() -> Path | None:
    """Let a run's temporary files and databases stand in memory; gives the folder to remove at the end.

    A clone of a database is 350 files. No test cuts the power, so none needs a disk. Nothing happens where there is
    no room, or where the caller has chosen another place.
    """
    if "TMPDIR" in os.environ or not _has_room():
        return None
    for left in MEMORY.glob(f"{NAME}-*"):
        if not psutil.pid_exists(int(left.name.split("-")[2])):  # of a run that was killed
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{NAME}-{os.getpid()}-", dir=MEMORY))
    folder.chmod(0o711)  # PostgreSQL is another user where the tests run as root
    os.environ["TMPDIR"] = str(folder)
    os.environ[DATA_VARIABLE] = str(folder / "databases")
    tempfile.tempdir = None
    return folder


def _has_room() -> bool:
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return False
    return min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) > ROOM


def bare_environment() -> dict[str, str]:
    """Our environment without the caller's settings: what a system of a test's own starts from."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_") or name == DATA_VARIABLE
    }


def ends_with_us() -> Callable[[], None]:
    """For ``Popen(preexec_fn=...)``: the process gets SIGTERM when this one dies, however it does."""
    return partial(end_with_parent, os.getpid(), signal.SIGTERM)
