"""How often the disk is flushed: by PostgreSQL for its write-ahead log, by JetStream for what is published to it."""

import asyncio
import os
from dataclasses import dataclass

import aiohttp
import psycopg

from shared.contracts.topology import SERVICES
from trueup.demo.summary import service_url

PUBLISHED = "trueup_publish_flushes_total"
STATISTICS_SECONDS = 1.5
"""PostgreSQL's processes tell what they did once a second."""


@dataclass(frozen=True, slots=True)
class Flushes:
    """Flushes since the engines' start."""

    wal: int
    publishes: int


async def flushes() -> Flushes:
    """All of them until now: fsyncs of the write-ahead log, and publishes (an atomic batch counts once)."""
    await asyncio.sleep(STATISTICS_SECONDS)
    async with aiohttp.ClientSession() as session:
        pages = []
        for service in SERVICES:
            async with session.get(f"{service_url(service)}/metrics") as answer:
                pages.append(await answer.text())
    return Flushes(await asyncio.to_thread(_wal_fsyncs), sum(map(published, pages)))


def _wal_fsyncs() -> int:
    with psycopg.connect(os.environ["TRUEUP_INGESTION_OPERATOR_URL"]) as connection:
        row = connection.execute("SELECT sum(fsyncs)::bigint FROM pg_stat_io WHERE object = 'wal'").fetchone()
    assert row is not None
    return int(row[0])


def published(page: str) -> int:
    """What a service's metrics say of its publishes; 0 for one that has none."""
    lines = (line.split() for line in page.splitlines())
    return int(sum(float(words[1]) for words in lines if len(words) > 1 and words[0] == PUBLISHED))
