"""The loop's latency: from a webhook that is stored to the comparison that it moved."""

import os

from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.frame import Bench, at_most
from trueup.bench.loop import Target, measure
from trueup.bench.percentiles import percentile
from trueup.bench.settled import settle
from trueup.demo.door import DemoError

PER_SECOND = 200
SECONDS = 15
P50_MS, P99_MS = 20, 100


async def measure_latency(bench: Bench) -> None:
    """At an even rate, by rows that the services wrote themselves (see ``loop``)."""
    endpoint = bench.company.endpoint()
    target = Target(
        organization_id=bench.company.organization_id,
        venture_id=bench.company.ventures[0],
        connection_id=endpoint.connection_id,
        currency=CURRENCY,
        ingestion_url=os.environ["TRUEUP_INGESTION_OPERATOR_URL"],
        sync_url=os.environ["TRUEUP_SYNC_OPERATOR_URL"],
    )
    measured = await measure(target, endpoint.deliver, PER_SECOND * SECONDS, PER_SECOND)
    await settle(SETTLE_S)
    if measured.missing or not measured.milliseconds:
        raise DemoError(f"{measured.missing} webhooks were never compared")
    for share, limit in ((0.5, P50_MS), (0.99, P99_MS)):
        name = f"raw event committed -> comparison stored, {PER_SECOND}/s, p{share * 100:.0f}"
        bench.add(at_most(name, percentile(measured.milliseconds, share), "ms", limit))
