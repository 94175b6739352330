"""Drawing a chart in a process of its own.

vl-convert is a JavaScript engine of some 150 MB with a lock: it has no place in the process through which every
event passes. A picture is seldom asked for, so the process lives for one of them; it has no secret in its
environment and no connection, and ends with its input.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any, Literal

import orjson

from shared.kernel.errors import Unavailable
from shared.platform.settings import bare_environment

Format = Literal["svg", "png"]
WORKER = "services.sync.chart.worker"
PATIENCE_SECONDS = 30.0
AT_A_TIME = 2
WAITING = 8
"""Charts that may wait; each holds a database connection meanwhile."""

_ROOT = Path(__file__).parents[3]


class DrawingBusy(Unavailable):
    """Too many charts at once."""

    code = "drawing_busy"


class NotDrawn(Unavailable):
    """The chart could not be drawn."""

    code = "chart_not_drawn"


class Drawing:
    """Draws a few charts at a time."""

    def __init__(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._places = asyncio.Semaphore(AT_A_TIME)
        self._waiting = 0

    async def draw(self, chart: dict[str, Any], form: Format) -> bytes:
        """The picture of a Vega-Lite specification. Raises ``DrawingBusy`` or ``NotDrawn``."""
        if self._waiting >= WAITING:
            raise DrawingBusy("Several charts are being drawn; try again in a moment.", retry_after_seconds=2)
        self._waiting += 1
        try:
            async with self._places:
                return await self._drawn(chart, form)
        finally:
            self._waiting -= 1

    async def _drawn(self, chart: dict[str, Any], form: Format) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            WORKER,
            form,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=_ROOT,
            env=bare_environment(),
        )
        try:
            async with asyncio.timeout(self._patience_seconds):
                picture, _ = await process.communicate(orjson.dumps(chart))
        except TimeoutError as error:
            raise NotDrawn("The chart took too long to draw; try again later.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not picture:
            raise NotDrawn("The chart could not be drawn; try again later.")
        return picture
