"""``trueup events``: watch them, list their types, publish a raw one."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import psycopg
import typer
from nats.aio.msg import Msg
from rich.console import Console
from rich.table import Table

from shared.contracts import EVENT_TYPES
from shared.contracts.topology import stream_of
from trueup.access import bus, bus_address
from trueup.events.describing import as_line, as_object
from trueup.events.injection import given_headers, publish_raw
from trueup.events.listening import listen, subjects_of
from trueup.events.tail import tail as tail_of
from trueup.listing import write_json
from trueup.local import LocalError
from trueup.times import instant

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command()
def tail(
    subject: Annotated[str, typer.Argument(help="a NATS subject: 'metric.created.>', 'payment.*.*', '>'")] = ">",
    *,
    since: Annotated[str, typer.Option(help="begin with what was stored since then: 10m, 2h, 2026-03-31")] = "",
    everything: Annotated[bool, typer.Option("--all", help="begin with everything that is stored")] = False,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="go on with what comes")] = True,
    count: Annotated[int, typer.Option(help="stop after so many (0: never)", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object a line: subject, headers, data")] = False,
    key: Annotated[
        str, typer.Option(envvar="TRUEUP_EVENTS_KEY", help="an API key: hear as its subscriber, not as the operator")
    ] = "",
    organization: Annotated[str, typer.Option(help="with a key: the id of its organization")] = "",
) -> None:
    """Show events as they are published (Ctrl-C ends it)."""
    choice = {"since": instant(since) if since else None, "everything": everything, "follow": follow}
    if key and (not organization or since or everything or not follow):
        raise LocalError(
            "with --key, name its --organization; it hears what comes. What is stored it reads through its consumer: "
            "see docs/subscribing.md"
        )
    try:
        asyncio.run(_tail(subject, key=key, organization=organization, count=count, as_json=as_json, **choice))
    except KeyboardInterrupt:
        raise typer.Exit from None
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _tail(subject: str, *, key: str, organization: str, count: int, as_json: bool, **choice: Any) -> None:
    console, names = Console(), {} if as_json or key else _organization_names()
    seen = 0

    def show(message: Msg) -> bool:
        nonlocal seen
        if as_json:
            sys.stdout.write(orjson.dumps(as_object(message)).decode() + "\n")
            sys.stdout.flush()
        else:
            # a person's line ends at the window's edge; a file gets all of it
            console.print(as_line(message, names), soft_wrap=not console.is_terminal, overflow="ellipsis")
        seen += 1
        return seen != count

    if key:
        await listen(bus_address(), key, subjects_of(subject, organization), show)
        return
    async with bus() as client:
        await tail_of(client, subject, show, **choice)


def _organization_names() -> dict[str, str]:
    """Slugs by id, from whichever database knows them; none is needed."""
    url = os.environ.get("TRUEUP_SYNC_OPERATOR_URL")
    if not url:
        return {}
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return dict(connection.execute("SELECT id::text, left(slug, 14) FROM platform.organizations").fetchall())
    except psycopg.Error:
        return {}


@app.command()
def publish(
    file: Annotated[str, typer.Argument(help="a file with the body, or - for standard input")] = "-",
    *,
    subject: Annotated[str, typer.Option(help="e.g. payment.received.<organization>")],
    raw: Annotated[bool, typer.Option("--raw", help="yes, publish exactly this")] = False,
    event_type: Annotated[str, typer.Option("--type", help="make an envelope of this ce-type")] = "",
    header: Annotated[list[str] | None, typer.Option(help="name=value; overrides the envelope's")] = None,
) -> None:
    """Publish a message as it is, checked by nothing: services may refuse it into their dead letters."""
    if not raw:
        raise LocalError("events come from services; to publish one by hand all the same, say --raw")
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise LocalError(f"cannot read {file}: {error.strerror}") from None
    headers = given_headers(header or (), event_type or None)

    async def send() -> None:
        async with bus() as client:
            stored = await publish_raw(client, subject, data, headers)
        sys.stdout.write(orjson.dumps({"stream": stored.stream, "sequence": stored.seq}).decode() + "\n")

    asyncio.run(send())


@app.command()
def types(*, as_json: Annotated[bool, typer.Option("--json", help="a JSON list")] = False) -> None:
    """List every event type: who publishes it, what kind it is, by which key."""
    rows = [
        {
            "type": name,
            "stream": stream_of(event.owner),
            "subject": f"{name}.<organization>",
            "kind": event.kind.value,
            "key": list(event.key),
            "meaning": (event.__doc__ or "").strip().split("\n", maxsplit=1)[0],
        }
        for name, event in sorted(EVENT_TYPES.items(), key=lambda item: (item[1].owner, item[0]))
    ]
    if as_json:
        write_json(rows)
        return
    table = Table("type", "stream", "kind", "key", "meaning")
    for row in rows:
        key = ", ".join(row["key"])
        table.add_row(str(row["type"]), str(row["stream"]), str(row["kind"]), key, str(row["meaning"]))
    Console().print(table)


@app.callback()
def events() -> None:
    """Watch events, list their types, publish a raw one."""
