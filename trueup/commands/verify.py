"""``trueup verify``: the proof that every figure follows from the raw rows."""

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from trueup.listing import write_json
from trueup.verify.proof import Proof, prove
from trueup.verify.settling import PATIENCE_SECONDS

app = typer.Typer(add_completion=False)
CLEAN, DIFFERENT, UNSETTLED = 0, 1, 3
ROOM_FOR_WORDS = 120


@app.command()
def verify(
    *,
    patience: Annotated[float, typer.Option(min=0, help="seconds that the system may take to come to rest")] = (
        PATIENCE_SECONDS
    ),
    as_json: Annotated[bool, typer.Option("--json", help="for scripts")] = False,
) -> None:
    """Recompute every derived figure from the raw rows by SQL of its own, and check that no event was lost.

    Exit code 0: all the same; 1: something differs (it is named); 3: the system did not come to rest in time.
    """
    errors = Console(stderr=True)
    with errors.status("") as status:
        proof = asyncio.run(prove(status.update, patience))
    code = UNSETTLED if proof.moving else DIFFERENT if proof.differences else CLEAN
    if as_json:
        told = {"exit_code": code, "differences": proof.differences, **asdict(proof)}
        write_json(told)
    else:
        _print(proof)
    raise typer.Exit(code)


def _print(proof: Proof) -> None:
    console = Console()
    for line in proof.moving:
        console.print(f"not settled: {line}", style="yellow", highlight=False)
    if proof.results:
        wide = console.width >= ROOM_FOR_WORDS
        table = Table("check", *(["what"] if wide else []), "rows", "differences", "seconds")
        for result in proof.results:
            cells = [result.name, *([result.about] if wide else [])]
            cells += [f"{result.rows:,}", f"{result.differences:,}", f"{result.seconds:.2f}"]
            table.add_row(*cells, style="red" if result.differences else None)
        console.print(table)
    for result in proof.results:
        for example in result.examples:
            console.print(f"{result.name}: {example}", style="red", highlight=False, soft_wrap=True)
    for note in proof.notes:
        console.print(f"note: {note}", style="yellow", highlight=False)
    if proof.results:
        rows = sum(result.rows for result in proof.results)
        console.print(f"{rows:,} rows checked, {proof.differences:,} differences", highlight=False)
