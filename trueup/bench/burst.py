"""A burst of webhooks through the whole loop: the clock stops when nothing is under way any more."""

from time import monotonic

from shared.kernel import clock
from trueup.bench import generator, workload
from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.flushes import flushes
from trueup.bench.frame import COMMITS, Bench, at_least, at_most, beside
from trueup.bench.generator import Posted
from trueup.bench.settled import settle

CONNECTIONS = 64
EVENTS = 20_000
TARGET = 1_500
FLUSHES = 0.1


async def measure_burst(bench: Bench) -> None:
    """From the first post until nothing is under way in any service; and how often the disk was flushed for it."""
    before = await flushes()
    posted, settled = await burst(bench, "burst", EVENTS)
    after = await flushes()
    bench.add(at_least(f"burst of {EVENTS:,}, whole loop settled", EVENTS / settled, "events/s", TARGET), limit=COMMITS)
    bench.add(beside(f"burst of {EVENTS:,}, answered", posted.per_second, "events/s"))
    wal, publishes = (after.wal - before.wal) / EVENTS, (after.publishes - before.publishes) / EVENTS
    bench.add(at_most("PostgreSQL WAL flushes per event, burst", wal, "", FLUSHES))
    bench.add(at_most("JetStream publishes per event, burst (a batch counts once)", publishes, "", FLUSHES))


async def burst(bench: Bench, seed: str, count: int) -> tuple[Posted, float]:
    """Post so many webhooks at once; what was answered, and the seconds until nothing was under way."""
    company = bench.company
    endpoint = company.endpoint()
    now = clock.now()
    bodies = workload.bodies(f"{seed}-{now}-{company.organization_id}", count, now, company.ventures, CURRENCY)
    begin = monotonic()
    posted = await generator.in_own_process(endpoint.url, endpoint.secret, bodies, CONNECTIONS)
    # Starting the generator and signing are not part of it.
    begin = max(begin, monotonic() - posted.seconds)
    await settle(SETTLE_S)
    return posted, monotonic() - begin
