"""The benchmark's result for people."""

from rich.table import Table

from trueup.bench.frame import Bench

EXPLAINED = """
Everything runs on this machine: engines with durability on, all services, and the load generator in a process of
its own. "share" is the figure as a part of the machine's own limit, measured in the same run.
"""


def show(bench: Bench) -> None:
    """Print the rows beside the machine's limits."""
    shown = Table(title="how fast it is here", box=None, pad_edge=False)
    shown.add_column("what", overflow="fold")
    for heading in ("measured", "", "target", "share"):
        shown.add_column(heading, justify="right")
    for name, value in bench.limits.items():
        shown.add_row(f"[dim]limit: {name.replace('_', ' ')}[/]", f"{value:,.0f}", "", "", "")
    ratios = bench.ratios()
    for row in bench.rows:
        style = "green" if row.met else "red"
        share = next((f"{ratio:.2f} of {limit.split('_')[1]}" for limit, ratio in ratios.get(row.name, {}).items()), "")
        measured = f"{row.value:,g}" if not row.target else f"[{style}]{row.value:,g}[/]"
        shown.add_row(row.name, measured, row.unit, row.target, share)
    bench.console.print(shown)
    bench.console.print(EXPLAINED)
