"""When nothing is under way any more: no raw event waits, every outbox is empty, every consumer has caught up."""

import asyncio
import os
from time import monotonic

import psycopg
from nats.js.client import JetStreamContext

from shared.contracts.topology import CONSUMES, SERVICES
from trueup.access import bus

OUTBOX = {"events in the outbox": "SELECT count(*) FROM platform.outbox"}
BACKLOGS = {
    "raw events": "SELECT count(*) FROM owned.raw_backlog",
    "rows to derive again": "SELECT count(*) FROM owned.rederive_backlog",
}


async def settle(patience_s: float, every_s: float = 0.05) -> None:
    """Wait until everything is empty, upstream first; ``TimeoutError`` names what is not."""
    deadline = monotonic() + patience_s
    async with bus() as client:
        while waiting := await _waiting(client.jetstream()):
            if monotonic() > deadline:
                raise TimeoutError(f"not settled within {patience_s:.0f} s: {waiting}")
            await asyncio.sleep(every_s)


async def _waiting(stream: JetStreamContext) -> str:
    """What is still under way, in words; empty when nothing is.

    It looks along the flow and once more at its beginning, so that what moved on while it looked is seen.
    """
    found = await asyncio.to_thread(_rows_waiting)
    for service, streams in CONSUMES.items():
        for name in streams:
            info = await stream.consumer_info(name, service)
            if waiting := (info.num_pending or 0) + (info.num_ack_pending or 0):
                found.append(f"{waiting} messages of {name} for {service}")
    if not found:
        found = await asyncio.to_thread(_rows_waiting)
    return ", ".join(found)


def _rows_waiting() -> list[str]:
    found = []
    for service in SERVICES:
        url = os.environ.get(f"TRUEUP_{service.upper()}_OPERATOR_URL")
        if url is None:
            continue
        with psycopg.connect(url) as connection:
            for what, question in (OUTBOX | (BACKLOGS if service == "ingestion" else {})).items():
                row = connection.execute(question).fetchone()
                if row and row[0]:
                    found.append(f"{row[0]} {what} of {service}")
    return found
