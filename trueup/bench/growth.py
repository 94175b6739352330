"""Whether the loop stays as fast when much is stored already."""

import asyncio
import os

import psycopg

from trueup.bench.burst import burst
from trueup.bench.frame import Bench, at_least, beside

FIRST, SECOND, FULL = 10_000, 100_000, 1_000_000
PROBE, PORTION = 5_000, 20_000
KEPT = 0.8
"""A burst with much history reaches at least this share of the rate that it has with little."""


async def measure_little_history(bench: Bench) -> None:
    """A burst when 10,000 events are stored."""
    await _probe(bench, FIRST)


async def measure_much_history(bench: Bench) -> None:
    """A burst when 100,000 are, and (with ``--full``) a million: what an event costs does not grow with history."""
    for stored in (SECOND, FULL) if bench.full else (SECOND,):
        rate = await _probe(bench, stored)
        if FIRST in bench.by_history:
            share = rate / bench.by_history[FIRST]
            bench.add(at_least(f"the same as a share of the rate after {FIRST:,}, after {stored:,}", share, "", KEPT))


async def _probe(bench: Bench, wanted: int) -> float:
    """Bring the history to what is wanted, then measure a burst; gives its events a second."""
    while (missing := wanted - await asyncio.to_thread(_stored)) > 0:
        await burst(bench, "history", min(missing, PORTION))
    stored = await asyncio.to_thread(_stored)
    _, seconds = await burst(bench, "probe", PROBE)
    rate = bench.by_history[wanted] = PROBE / seconds
    bench.add(beside(f"burst of {PROBE:,} after {stored:,} stored events", rate, "events/s"))
    return rate


def _stored() -> int:
    with psycopg.connect(os.environ["TRUEUP_INGESTION_OPERATOR_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM owned.raw_events").fetchone()
    assert row is not None
    return int(row[0])
