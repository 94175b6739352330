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
    """Venture, POFW, target, actual, variance, status, alerts."""
    currency = portfolio["organization"]["base_currency"]
    table = Table(title=f"{portfolio['organization']['name']}: plan against money, {portfolio['as_of']}")
    table.add_column("venture", style="bold")
    for heading in ("POFW", f"target MRR today ({currency})", f"actual MRR ({currency})", "variance"):
        table.add_column(heading, justify="right")
    table.add_column("status")
    table.add_column("runway", justify="right")
    table.add_column("open alerts")
    for venture in portfolio["ventures"]:
        score, runway = venture["pofw_score"], venture["runway_months"]
        table.add_row(
            venture["name"],
            "-" if score is None else f"{score}/40",
            money(venture["target_mrr"]),
            money(venture["actual_mrr"]),
            percent(venture["variance_pct"]),
            f"[{STATUS_STYLE.get(venture['status'], '')}]{venture['status']}[/]",
            "-" if runway is None else f"{Decimal(runway):.1f} mo",
            _alerts(venture["alerts"]),
            end_section=True,
        )
    return table


def print_addresses(console: Console, summary: Mapping[str, Any]) -> None:
    """Where to look, and with which login."""
    grid = Table.grid(padding=(0, 2))
    grid.add_row("API", f"{summary['gateway_url']}/openapi.json")
    grid.add_row("log in", f"{summary['admin']['email']}   {summary['admin']['password']}")
    grid.add_row("look only", f"{summary['viewer']['email']}   {summary['viewer']['password']}")
    grid.add_row("report", summary["report_pdf"] or "-")
    grid.add_row("events", f"{summary['nats']['url']}   user {summary['nats']['user']}")
    grid.add_row("all of it", "var/demo/summary.json")
    console.print(grid)
