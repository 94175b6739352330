"""What a measurement is, what it finds, and what it is given.

To add one, write ``async def measure_something(bench: Bench) -> None`` in a module of its own: it calls
``bench.add`` with its rows. Then name it in ``catalogue.MEASURES``.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from time import monotonic
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from trueup.bench.system import System

if TYPE_CHECKING:
    from trueup.bench.company import Benchmarked

COMMITS, PUBLISHES = "postgres_commits_per_second", "jetstream_publishes_per_second"


class Stage(Enum):
    """What runs while something is measured."""

    ENGINES = "PostgreSQL and NATS only"
    WHOLE = "the whole system, started for the second time"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside what it should at least (or at most) be. ``target`` is empty for what only explains."""

    name: str
    value: float
    unit: str
    target: str
    met: bool


def at_least(name: str, value: float, unit: str, target: float) -> Row:
    """A figure that should not be lower."""
    return Row(name, rounded(value), unit, f">= {target:,g}", value >= target)


def at_most(name: str, value: float, unit: str, target: float) -> Row:
    """A figure that should not be higher."""
    return Row(name, rounded(value), unit, f"<= {target:,g}", value <= target)


def beside(name: str, value: float, unit: str) -> Row:
    """A figure without a target, which explains the others."""
    return Row(name, rounded(value), unit, "", met=True)


def rounded(value: float) -> float:
    """Enough digits to compare with a target: two places below ten, one above, none from a thousand."""
    size = abs(value)
    return round(value, 3 if size < 1 else 2 if size < 10 else 1 if size < 1000 else 0)  # noqa: PLR2004 - as said


@dataclass
class Bench:
    """One run: the system that is measured, what was loaded into it, and what was found so far."""

    console: Console
    system: System
    full: bool = False
    seconds: int = 60
    """How long a run at an even rate takes."""
    rows: list[Row] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)
    compared: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Why something could not be measured, by the measure's name."""
    starts: list[float] = field(default_factory=list)
    """Seconds until ready: of the first start, then of the whole system's second."""
    by_history: dict[int, float] = field(default_factory=dict)
    """Events a second of a burst, by how many were stored before it."""
    loaded: "Benchmarked | None" = None

    @property
    def company(self) -> "Benchmarked":
        """The organization with twelve ventures and a Stripe connection."""
        assert self.loaded is not None, "it is loaded before anything is measured"
        return self.loaded

    def add(self, row: Row, *, limit: str | None = None) -> None:
        """Note a figure; ``limit`` names the machine's limit that it is shown as a share of."""
        self.rows.append(row)
        if limit is not None:
            self.compared[row.name] = limit
        met = "" if not row.target else f" ({row.target}: {'met' if row.met else '[red]missed[/]'})"
        self.console.print(f"  {row.name}: {row.value:,g} {row.unit}{met}", highlight=False)

    def ratios(self) -> dict[str, dict[str, float]]:
        """Each compared figure as a share of the machine's limit."""
        return {
            row.name: {self.compared[row.name]: round(row.value / self.limits[self.compared[row.name]], 3)}
            for row in self.rows
            if self.compared.get(row.name) in self.limits
        }

    def fail(self, name: str, error: Exception) -> None:
        """Note that something could not be measured; the others still are."""
        self.failed[name] = str(error) or type(error).__name__
        self.console.print(f"  [red]{name} could not be measured:[/] {escape(self.failed[name])}", highlight=False)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show what is being done, and how long it took."""
        begin = monotonic()
        with self.console.status(what):
            yield
        self.console.print(f"[dim]{what}: {monotonic() - begin:.0f} s[/]", highlight=False)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something to measure.

    Attributes:
        name: What ``--only`` asks for, by its beginning.
        stage: What runs meanwhile.
        run: Measures and adds rows.
        beside_limits: Whether the machine's own limits are needed; they are measured once, before the first such.
    """

    name: str
    stage: Stage
    run: Callable[[Bench], Awaitable[None]]
    beside_limits: bool = True
