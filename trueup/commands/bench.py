"""``trueup bench``: how fast the loop is on this machine."""

from typing import Annotated

import typer

from trueup.local import State
from trueup.supervisor import Plan, Supervisor, Task
from trueup.supervisor.already import runs_already

app = typer.Typer(add_completion=False)


@app.command()
def bench(
    full: Annotated[bool, typer.Option("--full", help="a burst of 20 000 webhooks instead of 5 000")] = False,
) -> None:
    """Measure the machine's limits, bursts of webhooks and the latency of the loop, in an organization of its own.

    Beside a running ``trueup up`` it uses that system; else it starts one and stops it afterwards.
    """
    task = Task("trueup.bench.session", "run", ("full",) if full else ())
    state = State.current()
    if runs_already(state):
        raise typer.Exit(task.run())
    raise typer.Exit(Supervisor(Plan(), state, companion=task, exit_with_companion=True).run())
