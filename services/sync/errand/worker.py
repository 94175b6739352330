"""Workers that carry out errands of one kind."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.sync.errand import store
from services.sync.errand.store import Held
from shared.kernel.clock import now
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime
from shared.platform.worker import work_off

log = structlog.get_logger()

POLL_SECONDS = 2.0
PAUSE_SECONDS = 1.0
"""After errands that could not be carried out: if it is the program that fails, it does not fail in haste."""


async def carry_out_errands(
    runtime: Runtime, role: str, kind: str, carry_out: Callable[[list[Held]], Awaitable[None]], at_a_time: int
) -> None:
    """Carry out errands of a kind for ever; ``role`` is the name by which this loop is woken.

    What fails stays held, and is tried again when that ends.
    """

    async def look() -> bool:
        held: list[Held] = []
        try:
            async with runtime.database.transaction() as session:
                held = await store.claim(session, kind, now(), at_a_time)
            if held:
                await carry_out(held)
        except Exception as error:
            if is_outage(error):
                raise
            log.exception("errands.failed", kind=kind, count=len(held))
            await asyncio.sleep(PAUSE_SECONDS)
            return True
        return bool(held)

    await work_off(runtime.wakeups, role, look, poll_seconds=POLL_SECONDS)
