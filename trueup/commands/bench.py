"""``trueup bench``: how fast the loop is on this machine."""

from typing import Annotated

import typer

from trueup.bench.session import SUMMARY, run
from trueup.bench.table import markdown
from trueup.local import LocalError, State, read_json

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    full: Annotated[bool, typer.Option("--full", help="also with a million stored events (an hour)")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="only measures whose name begins so; may be repeated: --only webhooks")
    ] = None,
    seconds: Annotated[int, typer.Option(help="length of each run at an even rate", min=1)] = 60,
    last: Annotated[
        bool, typer.Option("--markdown", help="print the last run's table as Markdown, and measure nothing")
    ] = False,
) -> None:
    """Measure the machine's limits, bursts of webhooks, the latency of the loop and more, beside their targets.

    It starts a system of its own in var/bench, with nothing in it, and stops it afterwards.
    """
    state = State.current()
    if last:
        summary = read_json(state.folder / "bench" / SUMMARY)
        if summary is None:
            raise LocalError("nothing was measured here yet: run make bench")
        typer.echo(markdown(summary))
        return
    if state.is_held():
        raise LocalError(f"a system runs in {state.folder}: end it first, it would be in the figures")
    raise typer.Exit(run(only or (), full=full, seconds=seconds))
