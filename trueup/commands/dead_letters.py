"""``trueup dead-letters``: what could not be delivered, and what becomes of it."""

import asyncio
import sys
from typing import Annotated

import typer

from trueup.access import operator_database
from trueup.dead_letters import store
from trueup.dead_letters.replay import replay as replay_letter
from trueup.listing import show_rows, write_json
from trueup.local import LocalError

app = typer.Typer(add_completion=False, no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(help="ids (their beginning or end is enough)")]
ServiceOption = Annotated[str, typer.Option(help="only this service's")]
AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]
All = Annotated[bool, typer.Option("--all", help="every open one")]


@app.command("list")
def list_letters(
    *,
    service: ServiceOption = "",
    state: Annotated[str, typer.Option(help="open, replayed, discarded or all")] = store.OPEN,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first."""
    if state not in (store.OPEN, store.REPLAYED, store.DISCARDED, "all"):
        raise LocalError("--state is open, replayed, discarded or all")
    rows = [letter.summary() for letter in asyncio.run(store.letters(service, state))]
    show_rows(rows, ("id", "service", "type", "state", "attempts", "died_at", "error"), as_json=as_json)


@app.command()
def show(identity: Annotated[str, typer.Argument(help="its id")], *, service: ServiceOption = "") -> None:
    """Show one dead letter whole: headers, body, error."""
    letter = asyncio.run(store.chosen_letters([identity], service))[0]
    body = letter.row.payload.decode(errors="replace")
    write_json(letter.summary() | {"headers": letter.row.headers, "payload": body})


@app.command()
def replay(ids: Ids = None, *, service: ServiceOption = "", every: All = False) -> None:
    """Apply dead letters again; those that still fail stay open (exit code 1)."""
    failed = asyncio.run(_replay(ids or [], service, every=every))
    raise typer.Exit(1 if failed else 0)


async def _replay(ids: list[str], service: str, *, every: bool) -> int:
    chosen = await _chosen(ids, service, every=every)
    failed = 0
    for letter in chosen:
        if letter.row.state == store.REPLAYED:
            sys.stdout.write(f"{letter.row.id}: was replayed already\n")
            continue
        error = await replay_letter(letter)
        failed += error is not None
        outcome = "replayed" if error is None else f"still fails: {type(error).__name__}: {error}"
        sys.stdout.write(f"{letter.row.id} {letter.service} {letter.row.event_type}: {outcome}\n")
    sys.stdout.write(f"{len(chosen) - failed} replayed, {failed} still open\n")
    return failed


@app.command()
def discard(ids: Ids = None, *, service: ServiceOption = "", every: All = False) -> None:
    """Settle dead letters without applying them; they stay readable, and replays pass them over."""

    async def settle_all() -> int:
        chosen = await _chosen(ids or [], service, every=every)
        for letter in chosen:
            if letter.row.state == store.REPLAYED:
                raise LocalError(f"{letter.row.id} was replayed already")
            async with operator_database(letter.service) as database, database.transaction() as session:
                await store.settle(session, letter, store.DISCARDED)
        return len(chosen)

    sys.stdout.write(f"{asyncio.run(settle_all())} discarded\n")


async def _chosen(ids: list[str], service: str, *, every: bool) -> list[store.Letter]:
    if bool(ids) == every:
        raise LocalError("name dead letters by their ids, or say --all")
    return await store.letters(service) if every else await store.chosen_letters(ids, service)


@app.command()
def unpublished(*, service: ServiceOption = "", as_json: AsJson = False) -> None:
    """List events that the bus refused for good (for instance: too large)."""
    rows = asyncio.run(store.unpublished(service))
    show_rows(rows, ("event_id", "service", "type", "bytes", "died_at", "error"), as_json=as_json)


@app.command()
def requeue(event_id: Annotated[str, typer.Argument(help="its id")], *, service: ServiceOption = "") -> None:
    """Put an unpublished event back into its outbox."""
    owner = asyncio.run(store.requeue(event_id, service))
    sys.stdout.write(f"{event_id} is in the outbox of {owner} again\n")


@app.callback()
def dead_letters() -> None:
    """List, show, replay or discard what could not be delivered."""
