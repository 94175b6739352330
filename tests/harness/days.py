"""A test has one day: none begins so late that midnight would come in the middle of it.

What is due, compared or closed on a day changes at midnight, in the product as it should; a test that has asked for
"today" before would compare two days.
"""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

from shared.kernel import clock

ENOUGH_S = 60.0
"""What a test of services needs of a day at most, on a slow machine too."""
ZONES = tuple(ZoneInfo(name) for name in ("UTC", "Asia/Kuala_Lumpur"))
"""Where the organizations of the tests live."""


def left_of_today() -> timedelta:
    """How long it is until midnight, wherever that comes first."""
    at = clock.now()
    locals_ = [at.astimezone(zone) for zone in ZONES]
    return min(
        (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0) - local for local in locals_
    )


async def a_day_with(seconds: float = ENOUGH_S) -> None:
    """Wait for the next day if this one has less than so many seconds left."""
    if (left := left_of_today()) < timedelta(seconds=seconds):
        await asyncio.sleep(left.total_seconds() + 0.1)
