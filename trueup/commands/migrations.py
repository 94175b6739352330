"""``trueup migrations``: write a migration from the declared tables (for developers)."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from shared.platform.db import migrate, provision
from trueup.engines.postgres import PostgresServer

app = typer.Typer(no_args_is_help=True)


@contextmanager
def migrated_database(service: str) -> Iterator[str]:
    """The operator's address of a throw-away database of a service, migrated as far as its files go."""
    with tempfile.TemporaryDirectory(prefix="trueup-migrations-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder), durable=False)
        superuser_url = server.start()
        try:
            password = secrets.token_urlsafe()
            database = "plans" if service == "platform" else service
            provision.provision(superuser_url, {database: password}, password)
            name = provision.database_of(database)
            url = f"postgresql://{provision.OPERATOR_ROLE}:{password}@127.0.0.1:{server.port}/{name}"
            migrate.migrate(database, url)
            yield url
        finally:
            server.stop()
            server.destroy()


@app.command()
def new(
    service: Annotated[str, typer.Argument(help="the service, or 'platform' for the tables of every service")],
    message: Annotated[str, typer.Option("--message", "-m", help="what changes")],
) -> None:
    """Write the migration that brings a database to the declared tables."""
    with migrated_database(service) as url:
        path = migrate.new_migration(service, message, url)
    typer.echo(f"written: {path}" if path else "the migrations and the declared tables agree")


@app.callback()
def migrations() -> None:
    """Write migrations from the tables that the models declare."""
