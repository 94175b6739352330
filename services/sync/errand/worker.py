"""How a worker spends its life: look what is due, carry it out, wait for more."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from services.sync.errand import store
from services.sync.errand.store import Held
from shared.kernel.clock import now
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime

log = structlog.get_logger()

POLL_SECONDS = 2.0
OUTAGE_SECONDS = 1.0


async def work_off(
    runtime: Runtime, role: str, kind: str, carry_out: Callable[[list[Held]], Awaitable[None]], at_a_time: int
) -> None:
    """Carry out errands of a kind for ever; ``role`` is the name by which this loop is woken.

    What fails stays held, and is tried again when that ends.
    """
    while True:
        held: list[Held] = []
        try:
            async with runtime.database.transaction() as session:
                held = await store.claim(session, kind, now(), at_a_time)
            if held:
                await carry_out(held)
        except Exception as error:
            if not is_outage(error):
                log.exception("errands.failed", kind=kind, count=len(held))
            else:
                log.warning("errands.outage", kind=kind, reason=type(error).__name__)
            await asyncio.sleep(OUTAGE_SECONDS)
            continue
        if not held:
            await runtime.wakeups.wait(role, POLL_SECONDS)
