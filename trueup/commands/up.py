"""``trueup up``: everything on this machine."""

from typing import Annotated

import typer

from shared.contracts.topology import SERVICES
from trueup.local import LocalError, State
from trueup.supervisor import Plan, Supervisor, parse_scale

app = typer.Typer(add_completion=False)
ENGINES = "engines"


@app.command()
def up(
    scale: Annotated[
        list[str] | None, typer.Option(help="processes per service: SERVICE=N or all=N; may be repeated")
    ] = None,
    only: Annotated[str, typer.Option(help="only these services, separated by commas; 'engines': none of them")] = "",
) -> None:
    """Start PostgreSQL, NATS and all services; they run until INT, TERM or HUP."""
    plan = Plan(_chosen(only), parse_scale(scale or ()))
    code = Supervisor(plan, State.current()).run()
    raise typer.Exit(code)


def _chosen(only: str) -> list[str]:
    if only == ENGINES:
        return []
    names = [name.strip() for name in only.split(",") if name.strip()] or list(SERVICES)
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        raise LocalError(f"there is no service {unknown[0]!r}; services are {', '.join(SERVICES)}")
    return [name for name in SERVICES if name in names]
