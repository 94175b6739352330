"""``trueup chaos``: faults at a running system under load, and exact counts at the end."""

import secrets
from collections.abc import Sequence
from typing import Annotated

import typer

from shared.contracts.topology import SERVICES
from trueup.chaos.faults import ENGINES, Fault, UnknownFaultError, parse
from trueup.chaos.session import Wish, rehearse, run

app = typer.Typer(add_completion=False)
EVENTS_PER_SECOND = 50


@app.command()
def chaos(
    *,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="how long the load lasts")] = 40,
    seed: Annotated[int | None, typer.Option(min=0, help="of faults and load; else one is taken, and told")] = None,
    events: Annotated[int, typer.Option(min=0, max=1_000_000, help="webhooks of the load; 0: 50 a second")] = 0,
    every: Annotated[float, typer.Option(min=0.1, help="seconds between random faults, about")] = 2,
    fault: Annotated[
        list[str] | None, typer.Option(help="TARGET[:ACTION[=SECONDS]][@AT] in place of random ones; repeatable")
    ] = None,
    spare: Annotated[list[str] | None, typer.Option(help="a target that random faults leave alone")] = None,
    here: Annotated[bool, typer.Option("--here", help="at the system that runs in this folder")] = False,
    kill: Annotated[
        list[str] | None, typer.Option(help="TARGET=COMMAND that kills it, for a system elsewhere; repeatable")
    ] = None,
    login: Annotated[str, typer.Option(help="an e-mail address that may found organizations there")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only print the faults")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the result as JSON")] = False,
) -> None:
    """Kill and disturb services, relays, NATS and PostgreSQL under a known load; then count everything.

    Without --here and --kill it starts a system of its own in var/chaos, two processes of every service, and stops
    it afterwards. The same seed, seconds and targets give the same faults at the same instants.

    Exit code 0: every count and every figure is exact; 1: something differs (it is named); 2: wrong arguments; 3: the
    system did not come to rest; 4: the campaign could not be carried out.
    """
    if here and kill:
        raise typer.BadParameter("either --here or --kill")
    wish = Wish(
        seed=secrets.randbelow(1_000_000) if seed is None else seed,
        seconds=seconds,
        events=events or int(seconds * EVENTS_PER_SECOND),
        every=every,
        named=_faults(fault or (), seconds),
        spared=[_target(name) for name in spare or ()],
        here=here,
        commands=_commands(kill or ()),
        login=login,
    )
    raise typer.Exit(rehearse(wish) if dry_run else run(wish, as_json=as_json))


def _faults(texts: Sequence[str], seconds: float) -> list[Fault]:
    try:
        faults = [parse(text) for text in texts]
    except UnknownFaultError as error:
        raise typer.BadParameter(str(error)) from None
    late = [str(fault) for fault in faults if (fault.at or 0) > seconds]
    if late:
        raise typer.BadParameter(f"{late[0]!r} comes after the load's {seconds:g} seconds")
    return faults


def _commands(texts: Sequence[str]) -> dict[str, str]:
    commands = {}
    for text in texts:
        name, equals, command = text.partition("=")
        if not equals or not command.strip():
            raise typer.BadParameter(f"--kill {text!r}: expected TARGET=COMMAND")
        commands[_target(name)] = command
    return commands


def _target(name: str) -> str:
    if name not in (*SERVICES, *ENGINES):
        raise typer.BadParameter(f"there is no target {name!r}; targets are {', '.join((*SERVICES, *ENGINES))}")
    return name
