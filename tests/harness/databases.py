"""A database per test, cloned from a template that was migrated once a run."""

import secrets

import psycopg
from psycopg import sql

from shared.platform.db import migrate, provision

ROLE_PASSWORD = "test-password"


def address(superuser_url: str, role: str, database: str) -> str:
    """The URL of a role's access to a database of the same server."""
    info = psycopg.conninfo.conninfo_to_dict(superuser_url)
    return f"postgresql://{role}:{ROLE_PASSWORD}@{info['host']}:{info['port']}/{database}"


def template_of(superuser_url: str, service: str) -> str:
    """The name of the service's migrated template (made by the first who asks)."""
    name = f"template_{service}"
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        # Roles belong to the whole server: one maker at a time.
        connection.execute("SELECT pg_advisory_lock(hashtext('trueup-test-templates'))")
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None:
            return name
        making = f"making_{service}"
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(making)))
        provision.ensure_role(connection, provision.OPERATOR_ROLE, ROLE_PASSWORD, bypass_rls=True)
        provision.ensure_role(connection, provision.role_of(service), ROLE_PASSWORD)
        provision.ensure_database(connection, making, provision.role_of(service))
        migrate.migrate(service, address(superuser_url, provision.OPERATOR_ROLE, making))
        # The first to connect writes what the server keeps of the catalogue: the clones get it too.
        psycopg.connect(address(superuser_url, provision.OPERATOR_ROLE, making)).close()
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(name))
        )
    return name


def clone(superuser_url: str, service: str) -> str:
    """A fresh database of a service; returns its name."""
    template = template_of(superuser_url, service)
    name = f"t_{service}_{secrets.token_hex(5)}"
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [f"clone {template}"])
        provision.ensure_database(connection, name, provision.role_of(service), template=template)
    return name


def drop(superuser_url: str, name: str) -> None:
    """Remove a test's database, whoever is still connected."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
