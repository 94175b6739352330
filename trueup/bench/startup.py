"""How quickly the system is there, and what it needs when nothing happens."""

import asyncio
from pathlib import Path

import psutil

from trueup.bench.frame import Bench, at_most, beside

START_TARGET_S = 8
MEMORY_TARGET_MB = 500
IDLE_S = 60
_ENGINES = ("postgres", "nats")
_SECOND = 2


async def measure_start(bench: Bench) -> None:
    """The supervisor's command until its ready file is there; the second start finds databases and streams."""
    first, second = bench.starts[:_SECOND]
    bench.add(at_most("trueup up until ready, second start", second, "s", START_TARGET_S))
    bench.add(beside("trueup up until ready, first start in an empty folder", first, "s"))


async def measure_memory(bench: Bench) -> None:
    """Memory after an idle minute; what processes share counts once (PSS)."""
    await asyncio.sleep(IDLE_S)
    megabytes: dict[str, float] = {}
    for line in bench.system.processes():
        found = psutil.Process(line["pid"])
        # the services are the supervisor's children; every other process answers for its own
        family = [found] if line["role"] == "supervisor" else [found, *found.children(recursive=True)]
        megabytes[line["service"]] = megabytes.get(line["service"], 0) + sum(map(_proportional_mb, family))
    services = sum(size for name, size in megabytes.items() if name not in _ENGINES)
    bench.add(at_most("memory of all services and their supervisor after 60 s idle", services, "MB", MEMORY_TARGET_MB))
    for name, size in sorted(megabytes.items()):
        bench.add(beside(f"memory of {name}", size, "MB"))


def _proportional_mb(process: psutil.Process) -> float:
    """A process's proportional set size: its own pages, and its part of those that it shares."""
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
