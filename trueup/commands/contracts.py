"""``trueup contracts``: write what follows from the declared events.

The JSON Schemas, the AsyncAPI document, the catalogue, and the users and rights of the NATS server of containers.
"""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from trueup import __version__
from trueup.contract.asyncapi import asyncapi_document
from trueup.contract.bus_server import bus_server_configuration
from trueup.contract.catalogue import events_page
from trueup.contract.schemas import breaks, schema_files

app = typer.Typer()
ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SCHEMAS = DOCS / "contracts"


def _json(value: dict[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def generated_files() -> dict[Path, str]:
    """Every generated file with its content."""
    files = {SCHEMAS / name: _json(schema) for name, schema in schema_files().items()}
    files[SCHEMAS / "asyncapi.json"] = _json(asyncapi_document(__version__))
    files[DOCS / "events.md"] = events_page()
    files[ROOT / "deploy" / "nats" / "nats.conf"] = bus_server_configuration()
    return files


def broken_promises() -> list[str]:
    """Where the classes break what a committed schema promises to readers."""
    found = []
    for name, schema in schema_files().items():
        committed = SCHEMAS / name
        if committed.exists():
            found += [f"{name}: {sentence}" for sentence in breaks(orjson.loads(committed.read_bytes()), schema)]
    written = {path.name for path in SCHEMAS.glob("*.v*.json")}
    return found + [f"{name}: the event is gone" for name in sorted(written - set(schema_files()))]


@app.command()
def contracts(
    check: Annotated[bool, typer.Option("--check", help="only say whether the committed files are fresh")] = False,
) -> None:
    """Write docs/contracts, docs/events.md and deploy/nats from the event classes."""
    broken = broken_promises()
    for sentence in broken:
        typer.echo(sentence, err=True)
    if broken:
        typer.echo("readers rely on this: add fields, or give the event a new version", err=True)
        raise typer.Exit(1)
    files = generated_files()
    stale = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf8") != text]
    if check and stale:
        typer.echo(f"stale: {', '.join(path.name for path in stale)}; run: python -m trueup contracts", err=True)
        raise typer.Exit(1)
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(files[path], encoding="utf8")
    typer.echo(f"{len(files)} files, {len(stale)} written")
