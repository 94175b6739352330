"""``trueup demo``: a believable company, its plans against its money, in front of your eyes."""

from typing import Annotated

import typer

from trueup.local import State
from trueup.supervisor import Plan, Supervisor, Task
from trueup.supervisor.already import runs_already

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="stop everything after the summary")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="tell a new story in a new organization")] = False,
) -> None:
    """Start everything, load a company through the front door, show its plans against its money; then keep running.

    A second run finds the company again. Beside a running ``trueup up`` it uses that system and leaves it running.
    """
    arguments = ("fresh",) if fresh else ()
    state = State.current()
    task = Task("trueup.demo.session", "run", arguments)
    if runs_already(state):
        raise typer.Exit(task.run())
    raise typer.Exit(Supervisor(Plan(), state, companion=task, exit_with_companion=exit_).run())
