"""``trueup keys``: the keys that sign access tokens."""

import asyncio
import base64
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.identity.token import store, use_cases
from services.identity.token.models import SigningKey
from shared.contracts.audit import Action
from shared.kernel.clock import now
from shared.platform import audit
from shared.platform.secrets import SecretBox
from shared.platform.settings import environment
from trueup.access import service_database
from trueup.deeds import deed
from trueup.listing import write_json

app = typer.Typer(add_completion=False, no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="for scripts")]


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the published keys, oldest first."""

    async def read() -> list[SigningKey]:
        async with service_database("identity") as database, database.transaction() as session:
            return await store.published_keys(session, now())

    _show(asyncio.run(read()), as_json=as_json)


@app.command()
def rotate(
    *,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="a key was stolen: no token that is out there counts any more")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new key. Nobody is logged out: it is published now, signs in five minutes, and the old one fades out."""
    box = SecretBox(base64.b64decode(environment("SECRET_KEY")))

    async def change() -> list[SigningKey]:
        async with service_database("identity") as database:
            async with audit.telling(database, deed("identity", "keys rotate")) as session:
                made, older = await use_cases.rotate_keys(session, box, now(), at_once=at_once)
                audit.note(session, "signing_keys", Action.CREATED, kid=made.kid, at_once=at_once)
            return [*older, made]

    _show(asyncio.run(change()), as_json=as_json)


def _show(keys: list[SigningKey], *, as_json: bool) -> None:
    at = now()
    rows = [
        {
            "kid": key.kid,
            "state": _state(key, keys, at),
            "created_at": key.created_at,
            "signs_from": key.signs_from,
            "retired_at": key.retired_at,
        }
        for key in keys
    ]
    if as_json:
        write_json(rows)
        return
    table = Table("kid", "state", "signs from", "counts until")
    for row in rows:
        table.add_row(str(row["kid"]), str(row["state"]), _instant(row["signs_from"]), _instant(row["retired_at"]))
    Console().print(table)


def _state(key: SigningKey, keys: list[SigningKey], at: datetime) -> str:
    if key.retired_at is not None and key.retired_at <= at:
        return "retired"
    if key.signs_from > at:
        return "next"
    newer = any(key.signs_from < other.signs_from <= at for other in keys)
    return "fading" if newer else "signing"


def _instant(value: Any) -> str:
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M:%S %Z}"


@app.callback()
def keys() -> None:
    """List or rotate the keys that sign access tokens."""
