"""``trueup rebuild``: a service's read models from nothing but the streams."""

import asyncio
import sys
from typing import Annotated

import typer

from shared.platform import failpoints
from trueup.access import bus, chosen_services
from trueup.figures.reading import differences, figures_of
from trueup.progress import bars
from trueup.rebuild.rebuilding import Rebuilt
from trueup.rebuild.rebuilding import rebuild as rebuild_read_models

app = typer.Typer(add_completion=False)


@app.command()
def rebuild(*, service: Annotated[str, typer.Option(help="whose read models")]) -> None:
    """Fill fresh read models beside the live ones and swap them in; no figure moves unless one was wrong.

    The service goes on while it runs. An interrupted rebuild is begun anew by the next one.
    """
    (name,) = chosen_services(service)
    failpoints.arm(name)
    done, moved, count = asyncio.run(_rebuild(name))
    for line in moved[:20]:
        sys.stderr.write(f"{line}\n")
    sys.stdout.write(
        f"{done.tables} read models of {name} rebuilt from {done.outcome.applied} events; "
        f"{done.rows_derived_anew} derived rows corrected; {count} figures, {len(moved)} differences\n"
    )
    raise typer.Exit(1 if moved else 0)


async def _rebuild(service: str) -> tuple[Rebuilt, list[str], int]:
    before = await figures_of(service)
    async with bus() as client:
        with bars() as shown:
            done = await rebuild_read_models(client, service, shown.move)
    after = await figures_of(service)
    return done, differences(before, after), len(after)
