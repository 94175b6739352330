"""``trueup openapi``: write the merged OpenAPI document that the gateway routes by."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from services.gateway.openapi.rules import merge
from shared.contracts.topology import SERVICES
from shared.platform.http.app import describe
from trueup import __version__

app = typer.Typer(no_args_is_help=False)
COMMITTED = Path(__file__).parents[2] / "services" / "gateway" / "openapi.json"


def merged_document() -> dict[str, Any]:
    """The document as the services' code declares it now."""
    names = [name for name in SERVICES if name != "gateway"]
    documents = {name: describe(import_module(f"services.{name}.app").SERVICE) for name in names}
    return merge(documents, __version__)


def as_json(document: dict[str, Any]) -> bytes:
    """The committed form."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"


@app.command()
def openapi(
    check: Annotated[bool, typer.Option("--check", help="only say whether the committed file is fresh")] = False,
) -> None:
    """Write services/gateway/openapi.json from the services' endpoints."""
    document = as_json(merged_document())
    if check:
        if not COMMITTED.exists() or COMMITTED.read_bytes() != document:
            typer.echo("services/gateway/openapi.json is stale; run: python -m trueup openapi", err=True)
            raise typer.Exit(1)
        return
    COMMITTED.write_bytes(document)
    typer.echo(f"written: {COMMITTED.name}, {len(document) // 1024} KiB")
