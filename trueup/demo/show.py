"""What the demo prints: the plans against the money, and where to look further."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

STATUS_STYLE = {
    "ON_TRACK": "green",
    "EXCEEDING": "cyan",
    "MONITOR": "yellow",
    "LAGGING": "red",
    "PLANNED": "blue",
    "NO_DATA": "dim",
}
SEVERITY_STYLE = {"CRITICAL": "bold red", "WARNING": "yellow", "INFO": "dim"}


def money(amount: str | None) -> str:
    """An amount for people: whole units with separators."""
    return "-" if amount is None else f"{Decimal(amount):,.0f}"


def percent(value: str | None) -> str:
    """A signed percentage with one decimal."""
    return "-" if value is None else f"{Decimal(value):+.1f} %"


def _alerts(alerts: Sequence[Mapping[str, Any]]) -> str:
    order = ("CRITICAL", "WARNING", "INFO")
    shown = sorted(alerts, key=lambda alert: (order.index(alert["severity"]), alert["type"]))
    return "\n".join(f"[{SEVERITY_STYLE[alert['severity']]}]{alert['type']}[/]" for alert in shown)


def portfolio_table(portfolio: Mapping[str, Any]) -> Table:
    """Venture, POFW, pro-rated target, actual, variance, status, alerts: fits 80 columns."""
    currency = portfolio["organization"]["base_currency"]
    title = f"{portfolio['organization']['name']}, {portfolio['as_of']}: MRR by plan and as paid, in {currency}"
    table = Table(title=title, box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("venture", style="bold", no_wrap=True)
    for heading in ("POFW", "target", "actual", "variance"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("alert", no_wrap=True)
    for venture in portfolio["ventures"]:
        score = venture["pofw_score"]
        table.add_row(
            venture["name"],
            "-" if score is None else f"{score}/40",
            money(venture["target_mrr"]),
            money(venture["actual_mrr"]),
            percent(venture["variance_pct"]),
            f"[{STATUS_STYLE.get(venture['status'], '')}]{venture['status']}[/]",
            _alerts(venture["alerts"]),
        )
    return table


def print_addresses(console: Console, summary: Mapping[str, Any], file: str) -> None:
    """Where to look, and with which login."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("API", f"{summary['gateway_url']}/openapi.json")
    grid.add_row("log in", f"{summary['admin']['email']}   {summary['admin']['password']}")
    grid.add_row("look only", f"{summary['viewer']['email']}   {summary['viewer']['password']}")
    grid.add_row("report", summary["report_pdf"] or "-")
    grid.add_row("events", f"{summary['nats']['url']}   user {summary['nats']['user']}")
    grid.add_row("all of it", file)
    console.print(grid, soft_wrap=True)
