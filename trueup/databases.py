"""Roles and databases: one database and one login role per service, all owned by the operator's role."""

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from shared.contracts.topology import SERVICES

OPERATOR_ROLE = "trueup_operator"
WITHOUT_DATABASE = ("gateway",)


def services_with_database() -> list[str]:
    """Every service that keeps data."""
    return [service for service in SERVICES if service not in WITHOUT_DATABASE]


def operator_url(service: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The operator's address of a service's database."""
    return environment.get(f"TRUEUP_{service.upper()}_OPERATOR_URL")


def create_databases(superuser_url: str, environment: Mapping[str, str]) -> None:
    """Create what is missing of the roles and databases that the services' URLs name; passwords are set anew.

    The operator's role owns every object and bypasses row-level security; a service's role does neither.
    """
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for service in services_with_database():
            for url, rights in _urls(service, environment):
                _ensure_role(connection, unquote(url.username or ""), unquote(url.password or ""), rights)
            (url, _), (operator, _) = _urls(service, environment)
            _ensure_database(connection, url.path.strip("/"), unquote(operator.username or ""), url.username or "")


def _urls(service: str, environment: Mapping[str, str]) -> Iterator[tuple[Any, str]]:
    yield urlsplit(environment[f"TRUEUP_{service.upper()}_DATABASE_URL"]), "NOBYPASSRLS"
    yield urlsplit(environment[f"TRUEUP_{service.upper()}_OPERATOR_URL"]), "BYPASSRLS"


def _ensure_role(connection: psycopg.Connection[Any], role: str, password: str, rights: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    # the server gets, and might log, only the scrambled form
    scrambled = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER {} PASSWORD {}").format(
            sql.SQL("ALTER" if known else "CREATE"), sql.Identifier(role), sql.SQL(rights), sql.Literal(scrambled)
        )
    )


def _ensure_database(connection: psycopg.Connection[Any], database: str, owner: str, role: str) -> None:
    name = sql.Identifier(database)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(owner)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))
    for whoever in (role, owner):  # hot reads name no schema, so that a rebuild's tables can stand in
        connection.execute(
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = owned, model, platform").format(
                sql.Identifier(whoever), name
            )
        )
