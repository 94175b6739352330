"""How a worker spends its life: look for work, look again while there is some, sleep until told of more."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from shared.platform.bus.wakeups import Wakeups
from shared.platform.cancelling import end_if_cancelled
from shared.platform.db.outage import is_outage

log = structlog.get_logger()

FIRST_DELAY_SECONDS = 0.05
LONGEST_DELAY_SECONDS = 2.0


async def work_off(wakeups: Wakeups, role: str, look: Callable[[], Awaitable[object]], *, poll_seconds: float) -> None:
    """Look for ever: at once again after a look that found something, else when ``role`` is woken.

    A database that is away is waited for, longer each time; what else fails ends the worker.

    Args:
        wakeups: Tells of work.
        role: The name by which this worker is woken.
        look: Carries out some of what is due; gives something true if there may be more.
        poll_seconds: The longest sleep: a wake-up may be lost, and some work falls due by the clock.
    """
    delay = FIRST_DELAY_SECONDS
    while True:
        try:
            found = await look()
        except Exception as error:
            end_if_cancelled()
            if not is_outage(error):
                raise
            log.warning("worker.outage", role=role, reason=repr(error))
            await asyncio.sleep(delay * (1 + random.random()))  # noqa: S311 - jitter
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
            continue
        end_if_cancelled()
        delay = FIRST_DELAY_SECONDS
        if not found:
            await wakeups.wait(role, poll_seconds)
