"""From what was asked for to an exit code: the system, the faults, the campaign, and what is told of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from shared.contracts.topology import SERVICES
from shared.platform.failpoints import FOLDER_VARIABLE
from trueup.bench.system import System
from trueup.chaos.campaign import Campaign, Order, Report, UnsettledError
from trueup.chaos.faults import Fault
from trueup.chaos.means import Commanded, Means, Supervised
from trueup.chaos.schedule import Ground, named_faults, random_faults, without
from trueup.demo.door import DemoError
from trueup.engines.processes import EngineError
from trueup.listing import write_json
from trueup.local import LocalError, State

HOLDS, DIFFERENT, UNSETTLED, NOT_DONE = 0, 1, 3, 4
SHOWN = 10
PROCESSES = 2
OWN = Ground(dict.fromkeys(SERVICES, PROCESSES))
"""What a system of its own has."""


class ImpossibleError(LocalError):
    """A fault was named that cannot be done to this system."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command was asked for.

    Attributes:
        named: These faults, or random ones if there is none.
        here: At the system of this state folder.
        commands: At a system elsewhere: target -> the command that kills it.
    """

    seed: int
    seconds: float
    events: int
    every: float
    named: Sequence[Fault] = ()
    spared: Sequence[str] = ()
    here: bool = False
    commands: Mapping[str, str] = field(default_factory=dict)
    login: str = ""

    def faults(self, ground: Ground) -> list[Fault]:
        """What is to be done, and when: a pure function of the wish and the ground."""
        if self.named:
            return named_faults(self.named, self.seconds)
        return random_faults(self.seed, self.seconds, self.every, without(ground, self.spared))


def rehearse(wish: Wish) -> int:
    """Only print the faults."""
    told = Console(stderr=True, highlight=False)
    ground = OWN
    if wish.commands:
        ground = Commanded(wish.commands).ground
    elif wish.here:
        ground = _supervised_here().ground
    _tell_faults(wish, wish.faults(ground), told)
    return HOLDS


def run(wish: Wish, *, as_json: bool) -> int:
    """The whole campaign; returns the exit code."""
    told = Console(stderr=True, highlight=False)
    try:
        return asyncio.run(_play(wish, told, as_json=as_json))
    except UnsettledError as error:
        told.print(f"[red]not settled:[/] {escape(str(error))}", soft_wrap=True)
        return UNSETTLED
    except (DemoError, LocalError, EngineError, aiohttp.ClientError, ExceptionGroup) as error:
        told.print(f"[red]the campaign cannot go on:[/] {escape(_reason(error))}", soft_wrap=True)
        return NOT_DONE


async def _play(wish: Wish, told: Console, *, as_json: bool) -> int:
    async with _means(wish, told) as means:
        faults = wish.faults(means.ground)
        impossible = [f"{fault}: {why}" for fault in faults if (why := means.refusal(fault))]
        if impossible:
            raise ImpossibleError("; ".join(impossible))
        _tell_faults(wish, faults, told)
        order = Order(wish.seed, wish.seconds, wish.events, faults, wish.login)
        report = await Campaign(order, means, lambda text: told.print(text, markup=False, soft_wrap=True)).run()
    if as_json:
        write_json(as_document(report))
    _tell_result(report, told if as_json else Console(highlight=False))
    return HOLDS if report.holds else DIFFERENT


@asynccontextmanager
async def _means(wish: Wish, told: Console) -> AsyncIterator[Means]:
    if wish.commands:
        yield Commanded(wish.commands)
    elif wish.here:
        yield _supervised_here()
    else:
        system = System(State.current().folder / "chaos")
        if system.state.is_held():
            raise LocalError(f"a campaign runs in {system.state.folder} already")
        system.clear()
        # Before the system is started: it looks for armed points there.
        os.environ[FOLDER_VARIABLE] = str(system.state.sub("run") / "failpoints")
        system = System(system.state.folder)
        try:
            seconds = await system.start("--scale", f"all={PROCESSES}")
            told.print(f"a system of its own in {system.state.folder}, ready after {seconds:.1f} s", soft_wrap=True)
            yield Supervised(system.state)
        finally:
            await system.stop()


def _supervised_here() -> Supervised:
    state = State.current()
    if not state.is_held():
        raise LocalError(f"nothing runs in {state.folder}")
    return Supervised(state)


def _reason(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _tell_faults(wish: Wish, faults: Sequence[Fault], told: Console) -> None:
    told.print(f"seed {wish.seed}: {len(faults)} faults in {wish.seconds:g} s")
    for fault in faults:
        told.print(f"  {fault}")


def _tell_result(report: Report, console: Console) -> None:
    for check in report.checks:
        mark = "[green]✓[/]" if check.holds else "[red]✗[/]"
        console.print(f"{mark} {check.name} ({check.found})", soft_wrap=True)
        for line in check.wrong[:SHOWN]:
            console.print(f"    {line}", markup=False, soft_wrap=True)
        if len(check.wrong) > SHOWN:
            console.print(f"    and {len(check.wrong) - SHOWN} more")
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in report.seconds.items())
    console.print(f"seed {report.order.seed}: {len(report.done)} faults; {times}", soft_wrap=True)


def as_document(report: Report) -> dict[str, Any]:
    """The report for scripts."""
    return {
        "holds": report.holds,
        "seed": report.order.seed,
        "events": report.order.events,
        "organizations": report.organizations,
        "faults": sorted(report.done, key=lambda done: float(done["at"])),
        "checks": [
            {"name": check.name, "holds": check.holds, "found": check.found, "wrong": check.wrong}
            for check in report.checks
        ],
        "seconds": report.seconds,
    }
