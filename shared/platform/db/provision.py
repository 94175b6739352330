"""Roles and databases of a PostgreSQL server: one database and one role per service, and the operator's role.

The operator's role owns every object and bypasses row-level security; only the command line uses it.
A service's role owns nothing and bypasses nothing.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

OPERATOR_ROLE = "trueup_operator"


def role_of(service: str) -> str:
    """The database role of a service."""
    return f"trueup_{service}"


def database_of(service: str) -> str:
    """The database of a service."""
    return f"trueup_{service}"


def ensure_role(connection: psycopg.Connection[Any], name: str, password: str, *, bypass_rls: bool = False) -> None:
    """Make a role, or give it this password."""
    exists = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    rights = sql.SQL("LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE " + ("BYPASSRLS" if bypass_rls else "NOBYPASSRLS"))
    # the server gets, and might log, only the scrambled form
    scrambled = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("{} {} {} PASSWORD {}").format(verb, sql.Identifier(name), rights, sql.Literal(scrambled))
    )


def ensure_database(
    connection: psycopg.Connection[Any], name: str, service_role: str, template: str | None = None
) -> None:
    """Make a database that the operator owns and only one service's role may enter."""
    if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        # Copied file by file: writing every page to the log takes three times as long.
        copied = sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY")
        source = copied.format(sql.Identifier(template)) if template else sql.SQL("")
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OPERATOR_ROLE)) + source
        )
    for statement in (
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(service_role)),
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = owned, model, platform").format(
            sql.Identifier(service_role), sql.Identifier(name)
        ),
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = owned, model, platform").format(
            sql.Identifier(OPERATOR_ROLE), sql.Identifier(name)
        ),
    ):
        connection.execute(statement)


def provision(superuser_url: str, passwords: Mapping[str, str], operator_password: str) -> None:
    """Make every role and database that is missing (``passwords``: service -> its role's password)."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        ensure_role(connection, OPERATOR_ROLE, operator_password, bypass_rls=True)
        for service, password in passwords.items():
            ensure_role(connection, role_of(service), password)
            ensure_database(connection, database_of(service), role_of(service))
