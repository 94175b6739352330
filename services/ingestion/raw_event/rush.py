"""When webhooks come in faster than they are committed, whoever can wait gives way.

Stripe waits for each answer and sends again what is not answered; what is stored waits safely. Both share the
machine, so in a rush the normaliser rests twice as long as it worked: the answers come first, and the
rest of the loop goes on at a third of its pace until the rush is over.
"""

import asyncio
import time
from weakref import WeakKeyDictionary

from shared.platform.service import Runtime

REST_PER_WORK = 2.0
_LASTS_SECONDS = 0.1
"""A rush is over when it was not noted for so long."""
_STEP_SECONDS = 0.02


class Rush:
    """Whether there is a rush in one process: noted by who answers, heeded by who works behind."""

    def __init__(self) -> None:
        self._noted = float("-inf")

    def note(self) -> None:
        """More wait than the next commit takes along."""
        self._noted = time.monotonic()

    @property
    def is_on(self) -> bool:
        """Whether it was noted a moment ago."""
        return time.monotonic() - self._noted < _LASTS_SECONDS

    async def give_way(self, worked_seconds: float) -> None:
        """Rest in proportion to the work that was done, for as long as the rush lasts."""
        end = time.monotonic() + worked_seconds * REST_PER_WORK
        while self.is_on and time.monotonic() < end:  # noqa: ASYNC110 - that nothing more comes is no event
            await asyncio.sleep(_STEP_SECONDS)


_RUSHES: WeakKeyDictionary[Runtime, Rush] = WeakKeyDictionary()


def rush_of(runtime: Runtime) -> Rush:
    """The rush of a process. Roles in processes of their own know nothing of each other's, and do not share a core."""
    return _RUSHES.setdefault(runtime, Rush())
