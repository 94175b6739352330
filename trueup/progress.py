"""Progress bars on standard error, so that standard output stays for results."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Bars:
    """One bar per thing that moves on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def move(self, what: str, reached: int, last: int) -> None:
        """Say how far a thing has come."""
        if what not in self._tasks:
            self._tasks[what] = int(self._progress.add_task(what, total=last))
        self._progress.update(self._tasks[what], completed=reached, total=last)  # type: ignore[arg-type] # TaskID is an int


@contextmanager
def bars() -> Iterator[Bars]:
    """Bars that stand until the end of the block."""
    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield Bars(progress)
