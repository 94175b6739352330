"""``trueup run``: one service in the foreground, as a container does it."""

from importlib import import_module
from typing import Annotated

import typer

from shared.contracts.topology import SERVICES
from shared.platform.garbage import collect_seldom
from trueup.local import LocalError

app = typer.Typer(add_completion=False)


@app.command()
def run(
    service: Annotated[str, typer.Argument(help=f"one of {', '.join(SERVICES)}")],
    roles: Annotated[str, typer.Option(help="some of its roles, separated by commas (http,consumers,relay,...)")] = "",
) -> None:
    """Run one service until INT or TERM; its settings are TRUEUP_* variables."""
    run_service(service, roles)


def run_service(service: str, roles: str = "") -> None:
    """Run a service in this process; all its roles if none is named."""
    if service not in SERVICES:
        raise LocalError(f"there is no service {service!r}; services are {', '.join(SERVICES)}")
    declared = import_module(f"services.{service}.app").SERVICE
    chosen = tuple(role.strip() for role in roles.split(",") if role.strip()) or declared.roles
    unknown = sorted(set(chosen) - set(declared.roles))
    if unknown:
        raise LocalError(f"{service} has no role {unknown[0]!r}; its roles are {', '.join(declared.roles)}")
    serve = import_module("shared.platform.service").run
    collect_seldom()
    serve(declared, chosen)
