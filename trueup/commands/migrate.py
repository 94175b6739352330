"""``trueup migrate``: databases and streams to this version."""

import os
from typing import Annotated

import typer

from shared.contracts.topology import SERVICES
from trueup.databases import create_databases, services_with_database
from trueup.local import LocalError
from trueup.supervisor import preparation

app = typer.Typer(add_completion=False)
SUPERUSER_VARIABLE = "TRUEUP_SUPERUSER_URL"


@app.command()
def migrate(
    service: Annotated[str, typer.Argument(help="one service; all services and the streams if not given")] = "",
    *,
    create: Annotated[
        bool, typer.Option("--create", help=f"first create roles and databases, through {SUPERUSER_VARIABLE}")
    ] = False,
    replicas: Annotated[
        int, typer.Option(envvar="TRUEUP_NATS_REPLICAS", help="copies of each stream (3 in a cluster)", min=1, max=5)
    ] = 1,
) -> None:
    """Bring schemas, policies, grants, streams and durables to this version; does nothing where they are."""
    if service and service not in SERVICES:
        raise LocalError(f"there is no service {service!r}; services are {', '.join(SERVICES)}")
    if create:
        if SUPERUSER_VARIABLE not in os.environ:
            raise LocalError(f"set {SUPERUSER_VARIABLE}")
        create_databases(os.environ[SUPERUSER_VARIABLE], os.environ)
    preparation.migrate([service] if service else services_with_database())
    if not service:
        preparation.apply_topology(str(replicas))
