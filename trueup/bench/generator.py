"""The load generator: signed webhooks from many connections at once, in a process of its own."""

import asyncio
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from time import monotonic, time

import aiohttp

from trueup.stripe_double import sign

OK = 200


def post_all(url: str, secret: str, bodies: Sequence[bytes], connections: int) -> tuple[float, list[float]]:
    """Post every body once; returns the seconds it took and each answer's milliseconds.

    Raises ``RuntimeError`` at the first answer that is not 200.
    """
    now = int(time())
    ready = [
        (body, {"Stripe-Signature": sign(body, secret, now), "Content-Type": "application/json"}) for body in bodies
    ]
    return asyncio.run(_post_all(url, ready, connections))


async def _post_all(url: str, ready: list[tuple[bytes, dict[str, str]]], connections: int) -> tuple[float, list[float]]:
    took: list[float] = []
    queue = iter(ready)

    async def worker(session: aiohttp.ClientSession) -> None:
        for body, headers in queue:
            begin = monotonic()
            async with session.post(url, data=body, headers=headers) as response:
                if response.status != OK:
                    raise RuntimeError(f"a webhook was answered {response.status}: {await response.text()}")
            took.append((monotonic() - begin) * 1000)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections)) as session:
        begin = monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(connections):
                group.create_task(worker(session))
        return monotonic() - begin, took


async def in_own_process(url: str, secret: str, bodies: Sequence[bytes], connections: int) -> tuple[float, list[float]]:
    """``post_all`` in a fresh interpreter, so that making load does not slow the measuring."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, post_all, url, secret, bodies, connections)
