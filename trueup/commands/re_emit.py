"""``trueup re-emit``: publish again from a service's event log."""

import asyncio
import sys
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
    service: Annotated[str, typer.Option(help="whose events")],
    since: Annotated[str, typer.Option(help="from when on: 10m, 2h, 3d, 2026-03-31T12:00:00Z, or 'all'")],
    until: Annotated[str, typer.Option(help="until before then")] = "",
) -> None:
    """Publish events again under their own ids, in their order; no figure changes by it."""
    start = instant("1970-01-01" if since == "all" else since)
    end = instant(until) if until else None
    (name,) = chosen_services(service)

    async def run() -> int:
        async with bus() as client:
            with bars() as shown:
                return await publish_again(
                    client, name, since=start, until=end, progress=lambda done, total: shown.move(name, done, total)
                )

    sys.stdout.write(f"{asyncio.run(run())} events published again\n")
