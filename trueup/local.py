"""The local environment: one state folder with engines, secrets, logs, and what a second shell must know.

``var/`` in the repository, or ``TRUEUP_STATE_DIR``. A running supervisor writes all ``TRUEUP_*`` variables to
``run/environment.json``, so that commands in another shell find its system; variables that are set win.
"""

import base64
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from trueup.engines.processes import write_private

ROOT = Path(__file__).resolve().parent.parent
STATE_VARIABLE = "TRUEUP_STATE_DIR"
LOCK = "supervisor.lock"
LOCK_PATIENCE_S = 0.5


class LocalError(RuntimeError):
    """The local system is not in the state that a command needs."""


@dataclass(frozen=True, slots=True)
class State:
    """The state folder. Its sub-folders are made when asked for."""

    folder: Path

    @classmethod
    def current(cls) -> "State":
        """The folder that ``TRUEUP_STATE_DIR`` names, else ``var`` in the repository."""
        return cls(Path(os.environ.get(STATE_VARIABLE) or ROOT / "var").resolve())

    def sub(self, name: str) -> Path:
        """A sub-folder."""
        path = self.folder / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def environment_file(self) -> Path:
        """All variables of the running system."""
        return self.folder / "run" / "environment.json"

    @property
    def processes_file(self) -> Path:
        """What runs: service, role, pid, port, replica, since."""
        return self.folder / "run" / "ps.json"

    @property
    def ready_file(self) -> Path:
        """There while every service is ready."""
        return self.folder / "run" / "ready"

    def lock(self) -> IO[str]:
        """Hold the folder for one supervisor; it is free again as soon as that process is gone.

        Raises:
            LocalError: Another supervisor runs here.
        """
        file = (self.sub("run") / LOCK).open("a+", encoding="utf-8")
        deadline = time.monotonic() + LOCK_PATIENCE_S  # somebody may just be looking whether it is held
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                file.seek(0)
                holder = file.read().strip()
                file.close()
                raise LocalError(
                    f"it is already running here (process {holder}): see `python -m trueup ps`; "
                    f"another one beside it needs its own {STATE_VARIABLE}"
                )
            time.sleep(0.01)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def is_held(self) -> bool:
        """Whether a supervisor runs here."""
        try:
            with (self.folder / "run" / LOCK).open("r+", encoding="utf-8") as file:
                return not _locked(file, fcntl.LOCK_SH)
        except OSError:
            return False


def _locked(file: IO[str], how: int) -> bool:
    """Take a lock if nobody holds it; closing the file gives it back."""
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Secrets:
    """Random passwords and keys of a state folder, each made once and kept in ``run/secrets.json``."""

    def __init__(self, state: State) -> None:
        self._file = state.sub("run") / "secrets.json"
        self._known: dict[str, str] = read_json(self._file) or {}

    def password(self, name: str) -> str:
        """The password of a database role or NATS user."""
        return self.kept(name, lambda: secrets.token_urlsafe(24))

    def key(self, name: str) -> str:
        """32 random bytes, base64."""
        return self.kept(name, lambda: base64.b64encode(secrets.token_bytes(32)).decode())

    def kept(self, name: str, make: Callable[[], str]) -> str:
        """What ``make`` gave when this secret was first asked for."""
        if name not in self._known:
            self._known[name] = make()
            write_private(self._file, json.dumps(self._known, indent=2))
        return self._known[name]


def read_json(path: Path) -> Any:
    """A file's content; None if there is no such file or it holds no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_environment(state: State, environment: Mapping[str, str]) -> None:
    """Let commands in other shells find the running system."""
    write_private(state.environment_file, json.dumps(dict(environment), indent=2))


def join_running_system() -> None:
    """Take the variables of the system that runs here, unless they are set. What a killed one left says nothing."""
    state = State.current()
    if not state.is_held():
        return
    for name, value in (read_json(state.environment_file) or {}).items():
        os.environ.setdefault(name, value)
