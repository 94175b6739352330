"""``trueup re-emit``: publish again from the event logs."""

import asyncio
import sys
from functools import partial
from typing import Annotated

import typer

from trueup.access import bus, chosen_services
from trueup.progress import bars
from trueup.redelivery.re_emit import re_emit as publish_again
from trueup.times import instant

app = typer.Typer(add_completion=False)


@app.command()
def re_emit(
    *,
    since: Annotated[str, typer.Option(help="from when on: 10m, 2h, 3d, 2026-03-31T12:00:00Z, or 'all'")],
    service: Annotated[str, typer.Option(help="whose events; every service's if not given")] = "",
    until: Annotated[str, typer.Option(help="until before then")] = "",
) -> None:
    """Publish events again under their own ids, each service's in their order; no figure changes by it."""
    start = instant("1970-01-01" if since == "all" else since)
    end = instant(until) if until else None
    names = chosen_services(service)

    async def run() -> int:
        published = 0
        async with bus() as client:
            with bars() as shown:
                for name in names:
                    published += await publish_again(
                        client, name, since=start, until=end, progress=partial(shown.move, name)
                    )
        return published

    sys.stdout.write(f"{asyncio.run(run())} events published again\n")
