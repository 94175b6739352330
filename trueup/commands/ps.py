"""``trueup ps``: what runs here."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from trueup.local import State
from trueup.supervisor.leftovers import running

app = typer.Typer(add_completion=False)
COLUMNS = ("service", "role", "pid", "port", "replica", "since")


@app.command()
def ps(*, as_json: Annotated[bool, typer.Option("--json", help="a JSON list")] = False) -> None:
    """List the running engines and services of this folder."""
    lines = running(State.current())
    if as_json:
        sys.stdout.write(json.dumps(lines, indent=2) + "\n")
        return
    if not lines:
        sys.stdout.write("nothing runs here; start it with `make up` or `make demo`\n")
        return
    table = Table(*COLUMNS)
    for line in lines:
        table.add_row(*(str(line[column]) for column in COLUMNS))
    Console().print(table)
