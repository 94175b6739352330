"""The operator's command: ``python -m trueup <command>``.

Each command is a module of its own with a typer ``app``, imported only when it is called: together they would take
seconds. To add one, write ``trueup/commands/<name>.py`` and a line in ``COMMANDS``.
"""

import difflib
import sys
from collections.abc import Sequence
from importlib import import_module

from trueup import local
from trueup.engines.processes import EngineError

COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("trueup.commands.up", "start PostgreSQL, NATS and all services here"),
    "demo": ("trueup.commands.demo", "load a believable company and show its plans against its money"),
    "bench": ("trueup.commands.bench", "measure speed and size beside the machine's own limits"),
    "chaos": ("trueup.commands.chaos", "disturb a running system under load, then count everything"),
    "ps": ("trueup.commands.ps", "what is running here"),
    "run": ("trueup.commands.run", "run one service in the foreground"),
    "events": ("trueup.commands.events", "watch events, list their types, publish a raw one"),
    "jobs": ("trueup.commands.jobs", "what runs by the clock: list, history, start by hand"),
    "dead-letters": ("trueup.commands.dead_letters", "list, show, replay or discard what could not be delivered"),
    "re-emit": ("trueup.commands.re_emit", "publish again from a service's event log"),
    "replay": ("trueup.commands.replay", "the streams once more through a service's handlers"),
    "rebuild": ("trueup.commands.rebuild", "a service's read models from nothing but the streams"),
    "mail": ("trueup.commands.mail", "read the letters that Trueup wrote, with their tokens"),
    "keys": ("trueup.commands.keys", "the keys that sign access tokens: list and rotate"),
    "figures": ("trueup.commands.figures", "every derived figure, by natural keys"),
    "verify": ("trueup.commands.verify", "check all invariants; recompute every figure from the raw rows"),
    "contracts": ("trueup.commands.contracts", "write the event schemas, AsyncAPI and docs/events.md"),
    "openapi": ("trueup.commands.openapi", "write the merged OpenAPI document"),
    "migrations": ("trueup.commands.migrations", "write a migration from the declared tables (for developers)"),
    "migrate": ("trueup.commands.migrate", "bring databases and streams to this version"),
}
"""Name -> (module with a typer ``app``, what it does)."""

USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help", "help"):
        _print_commands()
        return 0 if given else USAGE_ERROR
    name, *rest = given
    if name not in COMMANDS:
        _say(f"there is no command {name!r}{_similar(name)}; see python -m trueup --help")
        return USAGE_ERROR
    local.join_running_system()
    module, _ = COMMANDS[name]
    try:
        code = import_module(module).app(args=rest, prog_name=f"trueup {name}", standalone_mode=True)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except RuntimeError as error:
        from shared.platform.settings import SettingError  # noqa: PLC0415 - slow, and rarely needed

        if not isinstance(error, (EngineError, local.LocalError, SettingError)):
            raise
        _say(str(error))
        return 1
    return code if isinstance(code, int) else 0


def _print_commands() -> None:
    sys.stdout.write("usage: python -m trueup <command> [options]   (<command> --help says more)\n\n")
    for name, (_, meaning) in COMMANDS.items():
        sys.stdout.write(f"  {name:<14}{meaning}\n")


def _similar(name: str) -> str:
    close = difflib.get_close_matches(name, COMMANDS, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _say(text: str) -> None:
    sys.stderr.write(f"trueup: {text}\n")
