"""The loop's latency: from a webhook that is stored to the comparison that it moved."""

import os
from statistics import median

import orjson

from trueup.bench import generator
from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.frame import Bench, at_most
from trueup.bench.loop import Measured, Target, measure
from trueup.bench.percentiles import percentile
from trueup.bench.settled import settle
from trueup.demo.door import DemoError
from trueup.stripe_double import Json

PER_SECOND = 200
CONNECTIONS = 64
RUNS = 3
WARM_SECONDS = 3
P50_MS, P99_MS = 20, 100


async def measure_latency(bench: Bench) -> None:
    """At an even rate, by rows that the services wrote themselves (see ``loop``): the median of three runs."""
    await _run(bench, WARM_SECONDS)
    runs = [await _run(bench, bench.seconds) for _ in range(RUNS)]
    for share, limit in ((0.5, P50_MS), (0.99, P99_MS)):
        found = median(percentile(run.milliseconds, share) for run in runs)
        bench.add(
            at_most(f"raw event committed -> comparison stored, {PER_SECOND}/s, p{share * 100:.0f}", found, "ms", limit)
        )


async def _run(bench: Bench, seconds: int) -> Measured:
    endpoint = bench.company.endpoint()
    target = Target(
        organization_id=bench.company.organization_id,
        venture_ids=bench.company.ventures,
        connection_id=endpoint.connection_id,
        currency=CURRENCY,
        ingestion_url=os.environ["TRUEUP_INGESTION_OPERATOR_URL"],
        sync_url=os.environ["TRUEUP_SYNC_OPERATOR_URL"],
    )

    async def evenly(events: list[Json], per_second: float) -> None:
        bodies = [orjson.dumps(event) for event in events]
        await generator.in_own_process(endpoint.url, endpoint.secret, bodies, CONNECTIONS, per_second)

    measured = await measure(target, endpoint.deliver, PER_SECOND * seconds, PER_SECOND, evenly=evenly)
    await settle(SETTLE_S)
    if measured.missing or not measured.milliseconds:
        raise DemoError(f"{measured.missing} webhooks were never compared")
    return measured
