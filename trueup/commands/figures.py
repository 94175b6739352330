"""``trueup figures``: every derived figure, by natural keys only."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from trueup.figures.reading import Figure, all_figures, as_document

app = typer.Typer(add_completion=False)


@app.command()
def figures(
    *,
    service: Annotated[str, typer.Option(help="only this service's")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="a JSON list, one figure a line")] = False,
) -> None:
    """Show every derived figure: no ids and no times of processing, so that two runs can be compared by diff."""
    found = asyncio.run(all_figures(service))
    if as_json:
        sys.stdout.write(as_document(found))
        return
    for name in dict.fromkeys(str(figure["figure"]) for figure in found):
        _print(name, [figure for figure in found if figure["figure"] == name])


def _print(name: str, rows: list[Figure]) -> None:
    columns = [column for column in dict.fromkeys(key for row in rows for key in row) if column != "figure"]
    table = Table(*columns, title=f"{name} ({len(rows)})", title_justify="left")
    for row in rows:
        table.add_row(*(row.get(column) or "" for column in columns))
    Console().print(table)
