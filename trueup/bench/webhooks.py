"""How many webhooks are stored and answered: checked, committed, then 200."""

import os

import psycopg

from shared.kernel import clock
from trueup.bench import generator, workload
from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.frame import COMMITS, Bench, at_least, beside
from trueup.bench.generator import Posted
from trueup.bench.settled import settle
from trueup.demo.summary import service_url

CONNECTIONS = 64
STORED, NORMALISED = 30_000, 8_000
GOAL, FLOOR, FLOOR_SHARE = 5_000, 4_000, 0.4
GATEWAY_TARGET = 1_500


async def measure_webhooks_alone(bench: Bench) -> None:
    """One process of ingestion that answers HTTP and does nothing else; what it stored waits for nobody."""
    async with bench.system.service("ingestion", ["http"]) as url:
        bodies = workload.only_stored(f"alone-{bench.company.organization_id}", STORED, clock.now())
        posted = await _post(bench, url, bodies)
    share = FLOOR_SHARE * bench.limits[COMMITS]
    name = "webhooks acknowledged, one ingestion process, normaliser off"
    bench.add(at_least(name, posted.per_second, "events/s", GOAL), limit=COMMITS)
    bench.add(at_least(f"{name}: floor", posted.per_second, "events/s", max(FLOOR, share)))
    _explain(bench, "alone", posted)
    with psycopg.connect(os.environ["TRUEUP_INGESTION_OPERATOR_URL"]) as connection:
        connection.execute("TRUNCATE owned.raw_backlog, owned.raw_events")


async def measure_webhooks_beside_the_loop(bench: Bench) -> None:
    """The same while everything that was stored is worked on by the whole system on the same cores."""
    posted = await _post(bench, service_url("ingestion"), _normalised(bench, "beside"))
    name = "webhooks acknowledged, whole loop running"
    bench.add(beside(name, posted.per_second, "events/s"), limit=COMMITS)
    _explain(bench, "whole loop", posted)
    await settle(SETTLE_S)


async def measure_webhooks_through_the_gateway(bench: Bench) -> None:
    """The same once more, posted to the gateway."""
    posted = await _post(bench, service_url("gateway"), _normalised(bench, "gateway"))
    name = "webhooks acknowledged through the gateway, whole loop running"
    bench.add(at_least(name, posted.per_second, "events/s", GATEWAY_TARGET), limit=COMMITS)
    _explain(bench, "gateway", posted)
    await settle(SETTLE_S)


def _normalised(bench: Bench, seed: str) -> list[bytes]:
    company = bench.company
    return workload.bodies(f"{seed}-{company.organization_id}", NORMALISED, clock.now(), company.ventures, CURRENCY)


async def _post(bench: Bench, url: str, bodies: list[bytes]) -> Posted:
    endpoint = bench.company.endpoint(url)
    return await generator.in_own_process(endpoint.url, endpoint.secret, bodies, CONNECTIONS)


def _explain(bench: Bench, what: str, posted: Posted) -> None:
    bench.add(beside(f"webhook answered, {what}, p50", posted.percentile(0.5), "ms"))
    bench.add(beside(f"webhook answered, {what}, p99", posted.percentile(0.99), "ms"))
    bench.add(beside(f"load generator's processor time per webhook, {what}", posted.cpu_us_each, "us"))
