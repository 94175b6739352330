"""A burst of webhooks through the whole loop: the clock stops when nothing is under way any more."""

from time import monotonic

from shared.kernel import clock
from trueup.bench import generator, workload
from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.frame import COMMITS, Bench, at_least, beside
from trueup.bench.settled import settle

CONNECTIONS = 64
EVENTS = 20_000
TARGET = 1_500


async def measure_burst(bench: Bench) -> None:
    """From the first post until nothing is under way in any service."""
    company = bench.company
    endpoint = company.endpoint()
    bodies = workload.bodies(f"burst-{company.organization_id}", EVENTS, clock.now(), company.ventures, CURRENCY)
    begin = monotonic()
    posted = await generator.in_own_process(endpoint.url, endpoint.secret, bodies, CONNECTIONS)
    # Starting the generator and signing are not part of it.
    begin = max(begin, monotonic() - posted.seconds)
    await settle(SETTLE_S)
    settled = monotonic() - begin
    bench.add(at_least(f"burst of {EVENTS:,}, whole loop settled", EVENTS / settled, "events/s", TARGET), limit=COMMITS)
    bench.add(beside(f"burst of {EVENTS:,}, answered", posted.per_second, "events/s"))
