"""The benchmark's result for people."""

from typing import Any

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
        share = _share(ratios.get(row.name, {}))
        measured = f"{row.value:,g}" if not row.target else f"[{style}]{row.value:,g}[/]"
        shown.add_row(row.name, measured, row.unit, row.target, share)
    for name in bench.failed:
        shown.add_row(name, "[red]failed[/]", "", "", "")
    bench.console.print(shown)
    bench.console.print(EXPLAINED)


def markdown(summary: dict[str, Any]) -> str:
    """The table of a summary as Markdown, to be pasted into docs/performance.md."""
    machine = summary["machine"]
    lines = [
        f"{machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}.",
        "",
        "| what | measured | target | share of the limit |",
        "|---|---|---|---|",
    ]
    for name, value in summary["limits"].items():
        lines.append(f"| limit: {name.removesuffix('_per_second').replace('_', ' ')} | {value:,.0f} /s | | |")
    for row in summary["rows"]:
        missed = "" if row["met"] else ": missed"
        share = _share(summary["ratios"].get(row["name"], {}))
        lines.append(f"| {row['name']} | {row['value']:,g} {row['unit']} | {row['target']}{missed} | {share} |")
    lines += [f"| {name} | could not be measured | | |" for name in summary["failed"]]
    return "\n".join(lines)


def _share(ratios: dict[str, float]) -> str:
    return next((f"{ratio:.2f} of {limit.split('_')[1]}" for limit, ratio in ratios.items()), "")
