"""From a saved plan to what follows from it, as a client of the gateway sees it."""

import asyncio
from time import monotonic
from typing import Any

from trueup.bench.burst import burst
from trueup.bench.frame import Bench, at_most, beside
from trueup.bench.percentiles import percentile
from trueup.demo.door import DemoError

SAVES, WARM = 120, 12
PAUSE_S, LOOK_S, PATIENCE_S = 0.05, 0.001, 30.0
P50_MS, P99_MS = 30, 150


async def measure_plan(bench: Bench) -> None:
    """Plans are saved one after the other; each is looked at until comparison and projection are of its version."""
    await burst(bench, "observed", 1_500)  # every venture has an MRR to compare
    await bench.company.log_in()
    took = [await _save_and_look(bench, number) for number in range(WARM + SAVES)][WARM:]
    for share, limit in ((0.5, P50_MS), (0.99, P99_MS)):
        name = f"plan saved -> comparison and projection readable at the gateway, p{share * 100:.0f}"
        bench.add(at_most(name, percentile([readable for _, readable in took], share), "ms", limit))
    bench.add(beside("plan saved at the gateway, p50", percentile([saved for saved, _ in took], 0.5), "ms"))


async def _save_and_look(bench: Bench, number: int) -> tuple[float, float]:
    """Milliseconds until the plan was saved, and from there until everything was readable."""
    company = bench.company
    door, admin = company.door, company.admin
    venture = f"{company.path}/ventures/{company.ventures[number % len(company.ventures)]}"
    plan = await door.get(f"{venture}/plan", admin)
    targets = {name: value for name, value in plan["targets"].items() if name in ("target_mrr", "target_date")}
    body = {"version": plan["version"], "targets": targets | {"target_mrr": str(20_000 + number)}}
    begin = monotonic()
    version = (await door.call("PUT", f"{venture}/plan", admin, body))["version"]
    saved = monotonic()
    while not await _shows(bench, venture, version):
        if monotonic() - saved > PATIENCE_S:
            raise DemoError(f"version {version} of a plan was never compared")
        await asyncio.sleep(LOOK_S)
    done = monotonic()
    await asyncio.sleep(PAUSE_S)
    return (saved - begin) * 1000, (done - saved) * 1000


async def _shows(bench: Bench, venture: str, version: int) -> bool:
    """Whether the current comparison is with a version, and no projection of an earlier one is active any more."""
    door, admin = bench.company.door, bench.company.admin
    compared, projected = await asyncio.gather(
        door.get(f"{venture}/variances?metric=mrr&current=true&limit=1", admin),
        door.get(f"{venture}/projections?limit=1", admin),
    )
    return _is_of(compared["items"], version) and (
        _is_of(projected["items"], version) or all(one["status"] != "active" for one in projected["items"])
    )


def _is_of(items: list[dict[str, Any]], version: int) -> bool:
    return bool(items) and items[0]["plan_version"] == version
