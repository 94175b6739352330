"""One run of the benchmark: its stages in order, the measures of each, and what came out."""

import asyncio
import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import aiohttp
from rich.console import Console

from trueup.bench import company, limits, table
from trueup.bench.catalogue import MEASURES
from trueup.bench.frame import COMMITS, PUBLISHES, Bench, Measure, Stage
from trueup.bench.settled import settle
from trueup.bench.system import System
from trueup.demo.door import DemoError
from trueup.local import State

LIMIT_SECONDS = 3.0
SUMMARY = "summary.json"
ENGINES_ONLY = ("--only", "engines")


class UnknownMeasureError(DemoError):
    """``--only`` names nothing that can be measured."""


def chosen(only: Sequence[str]) -> list[Measure]:
    """The measures whose name begins with one of these; all if none is given."""
    for name in only:
        if not any(measure.name.startswith(name) for measure in MEASURES):
            known = ", ".join(measure.name for measure in MEASURES)
            raise UnknownMeasureError(f"there is no measure {name!r}; there are {known}")
    return [measure for measure in MEASURES if not only or measure.name.startswith(tuple(only))]


def run(only: Sequence[str], *, full: bool, seconds: int) -> int:
    """Measure; 0 when everything could be measured, whatever the figures."""
    console = Console()
    folder = State.current().sub("bench")
    bench = Bench(console, System(folder / "system"), full, seconds)
    try:
        with _runner() as runner:
            runner.run(_play(bench, chosen(only)))
    except (DemoError, aiohttp.ClientError, TimeoutError, RuntimeError) as error:
        Console(stderr=True).print(f"[red]the benchmark cannot go on:[/] {str(error) or type(error).__name__}")
        return 1
    finally:
        write(bench, State(folder))
    return 1 if bench.failed else 0


def _runner() -> asyncio.Runner:
    """The same event loop as the services have."""
    try:
        import uvloop  # noqa: PLC0415 - not on every platform
    except ImportError:
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


async def _play(bench: Bench, measures: Collection[Measure]) -> None:
    system = bench.system
    system.clear()
    try:
        async with aiohttp.ClientSession() as session:
            with bench.doing("first start, and an organization with twelve ventures"):
                bench.starts.append(await system.start())
                bench.loaded = await company.load(session, system.state.folder)
                await system.stop()
            for stage in Stage:
                if todo := [measure for measure in measures if measure.stage is stage]:
                    await _stage(bench, stage, todo)
    finally:
        await system.stop()
    table.show(bench)


async def _stage(bench: Bench, stage: Stage, measures: Collection[Measure]) -> None:
    """Start what the stage needs, measure, and stop it."""
    with bench.doing(f"starting {stage.value}"):
        seconds = await bench.system.start(*_arguments(stage))
    if stage is Stage.WHOLE:
        bench.starts.append(seconds)
        await bench.company.log_in()
    for measure in measures:
        if not bench.limits and measure.beside_limits:
            with bench.doing("the machine's own limits"):
                bench.limits = await machine_limits()
        try:
            with bench.doing(measure.name):
                await measure.run(bench)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are measured all the same
            bench.fail(measure.name, error)
            await _recover(bench, stage)
    await bench.system.stop()


async def _recover(bench: Bench, stage: Stage) -> None:
    """Let the next measure find a system that runs and has nothing to do."""
    if not bench.system.is_running:
        await bench.system.start(*_arguments(stage))
    if stage is Stage.WHOLE:
        with suppress(TimeoutError):
            await settle(company.SETTLE_S)


def _arguments(stage: Stage) -> tuple[str, ...]:
    return ENGINES_ONLY if stage is Stage.ENGINES else ()


async def machine_limits() -> dict[str, float]:
    """What the machine itself can do, by the engines that run now."""
    return {
        COMMITS: await limits.commits_per_second(os.environ["TRUEUP_INGESTION_OPERATOR_URL"], LIMIT_SECONDS),
        PUBLISHES: await limits.publishes_per_second(LIMIT_SECONDS),
    }


def write(bench: Bench, state: State) -> None:
    """Keep what was found in ``summary.json``, for machines and for ``--markdown``."""
    if not bench.rows and not bench.failed:
        return
    found: dict[str, Any] = {
        "machine": limits.machine(),
        "limits": {name: round(value, 1) for name, value in bench.limits.items()},
        "rows": [asdict(row) for row in bench.rows],
        "ratios": bench.ratios(),
        "failed": bench.failed,
    }
    file = state.folder / SUMMARY
    file.write_text(json.dumps(found, indent=2), encoding="utf-8")
    bench.console.print(f"written to {file}")
