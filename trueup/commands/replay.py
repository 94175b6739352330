"""``trueup replay``: the streams once more through a service's live handlers."""

import asyncio
import sys
from typing import Annotated

import typer

from shared.platform.bus.subscription import Subscription
from trueup import deeds
from trueup.access import bus, chosen_services, declared, service_database
from trueup.figures.reading import differences, figures_of
from trueup.local import LocalError
from trueup.progress import bars
from trueup.redelivery.replay import Outcome, Redelivery

app = typer.Typer(add_completion=False)


@app.command()
def replay(
    *,
    service: Annotated[str, typer.Option(help="whose handlers")],
    stream: Annotated[str, typer.Option(help="only this stream")] = "",
) -> None:
    """Apply every stored message again, as if it had just come; no figure may move by it (exit code 1 if one does)."""
    (name,) = chosen_services(service)
    outcome, moved, count = asyncio.run(_replay(name, _subscriptions(name, stream.upper())))
    for line in [*outcome.failures[:20], *moved[:20]]:
        sys.stderr.write(f"{line}\n")
    passed_over = f", {outcome.passed_over} in the dead letters passed over" if outcome.passed_over else ""
    sys.stdout.write(
        f"{outcome.applied} events applied again{passed_over}, {len(outcome.failures)} failed; "
        f"{outcome.emitting_batches} batches had something to tell; {count} figures, {len(moved)} differences\n"
    )
    raise typer.Exit(1 if outcome.failures or moved else 0)


def _subscriptions(service: str, stream: str) -> list[Subscription]:
    found = [one for one in declared(service).all_subscriptions if stream in ("", one.stream)]
    if not found:
        raise LocalError(f"{service} reads no stream{f' {stream}' if stream else ''}")
    return found


async def _replay(service: str, subscriptions: list[Subscription]) -> tuple[Outcome, list[str], int]:
    streams = [subscription.stream for subscription in subscriptions]
    await deeds.tell_of(service, "replay", "read_models", streams=streams)
    before = await figures_of(service)
    async with bus() as client, service_database(service) as database:
        redelivery = Redelivery(client, database)
        with bars() as shown:
            for subscription in subscriptions:
                await redelivery.through(subscription, progress=shown.move)
    after = await figures_of(service)
    return redelivery.outcome, differences(before, after), len(after)
