"""What the gateway costs a caller, and how many dashboards it answers."""

import asyncio
from dataclasses import replace

from trueup.bench import generator
from trueup.bench import people as people_of
from trueup.bench.company import SETTLE_S, add_ventures
from trueup.bench.frame import Bench, at_least, at_most, beside
from trueup.bench.percentiles import percentile
from trueup.bench.settled import settle
from trueup.demo.company import ORGANIZATION
from trueup.demo.summary import service_url

BLOCKS, BLOCK = 10, 100
ADDED_MS = 3
VENTURES, CLIENTS, READS = 100, 50, 5_000
READS_PER_SECOND, READ_P99_MS = 500, 150
PEOPLE, ANSWERS = 200, 4_000


async def measure_added_latency(bench: Bench) -> None:
    """One client reads a venture from plans and through the gateway, in turns."""
    person = await bench.company.log_in()
    path = f"{bench.company.path}/ventures/{bench.company.ventures[0]}"
    took: dict[str, list[float]] = {"plans": [], "gateway": []}
    for _ in range(BLOCKS):
        for service, milliseconds in took.items():
            url = service_url(service) + path
            requests = [generator.get(url, person.token)] * BLOCK
            milliseconds.extend((await asyncio.to_thread(generator.send_all, url, requests, 1)).milliseconds)
    direct, through = (percentile(milliseconds, 0.5) for milliseconds in took.values())
    bench.add(at_most("gateway: added latency at one client, p50", through - direct, "ms", ADDED_MS))
    bench.add(beside("one venture read from plans itself, one client, p50", direct, "ms"))


async def measure_dashboard(bench: Bench) -> None:
    """Many clients read the portfolio of an organization with a hundred ventures."""
    loader = replace(bench.company.loader, door=bench.company.door)
    company = await loader.organization(await loader.person("other"), {**ORGANIZATION, "name": "A hundred ventures"})
    await add_ventures(loader, company, VENTURES)
    await settle(SETTLE_S)
    url = f"{service_url('gateway')}{company.path}/dashboard/portfolio"
    requests = [generator.get(url, company.admin.token)] * READS
    await generator.send_in_own_process(url, requests[: CLIENTS * 10], CLIENTS)
    read = await generator.send_in_own_process(url, requests, CLIENTS)
    name = f"dashboard of {VENTURES} ventures through the gateway, {CLIENTS} clients"
    bench.add(at_least(name, read.per_second, "reads/s", READS_PER_SECOND))
    bench.add(at_most(f"{name}, p99", read.percentile(0.99), "ms", READ_P99_MS))
    bench.add(beside(f"{name}, p50", read.percentile(0.5), "ms"))


async def measure_people(bench: Bench) -> None:
    """Two hundred people, half on the dashboard and half on the list of ventures: through the gateway, and past it."""
    people = await people_of.join(bench, PEOPLE)
    half, reads = PEOPLE // 2, ANSWERS // 2
    tokens = [person.token for person in people]
    for way, services in (("through the gateway", ("gateway", "gateway")), ("past it", ("reporting", "plans"))):
        urls = [
            f"{service_url(service)}{bench.company.path}/{page}"
            for service, page in zip(services, ("dashboard/portfolio", "ventures"), strict=True)
        ]
        done = await asyncio.gather(
            *(
                generator.send_in_own_process(url, [generator.get(url, token) for token in its] * (reads // half), half)
                for url, its in zip(urls, (tokens[:half], tokens[half:]), strict=True)
            )
        )
        milliseconds = [value for posted in done for value in posted.milliseconds]
        name = f"{PEOPLE} clients on dashboard and list, {way}"
        bench.add(beside(name, len(milliseconds) / max(posted.seconds for posted in done), "reads/s"))
        bench.add(beside(f"{name}, p50", percentile(milliseconds, 0.5), "ms"))
        bench.add(beside(f"{name}, p99", percentile(milliseconds, 0.99), "ms"))
