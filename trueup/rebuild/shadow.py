"""The shadow tables of a rebuild.

``model_shadow`` holds an empty copy of every table of ``model``: what the streams fill. ``owned_shadow`` is where
the handlers' other writes end: copies of the owned tables with their rows, and of the derived tables without. It is
thrown away; the live owned and derived tables are never touched.
"""

from typing import Any

import psycopg
from psycopg import sql

from shared.platform.db.migrate import grant_rights, set_tenant_policy
from shared.platform.db.provision import role_of
from shared.platform.db.tables import TableKind
from trueup.access import declared

SHADOWS = {"owned": "owned_shadow", "model": "model_shadow"}
"""Live schema -> the schema that stands in for it."""
OLD = "model_old"


class NotRebuildableError(RuntimeError):
    """A table cannot be copied beside itself."""


def prepare(connection: psycopg.Connection[Any], service: str) -> None:
    """Make the shadow schemas anew; what an interrupted rebuild left is dropped."""
    drop_leftovers(connection)
    role = sql.Identifier(role_of(service))
    for schema in SHADOWS.values():
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role))
    for table in declared(service).metadata.sorted_tables:
        _copy(connection, str(table.schema), table.name, table.info)
        shadow = sql.Identifier(SHADOWS[str(table.schema)], table.name)
        grant_rights(connection, service, shadow, deletable=table.info["deletable"])
        if table.info["global_reason"] is None:
            set_tenant_policy(connection, shadow)
    connection.commit()


def drop_leftovers(connection: psycopg.Connection[Any]) -> None:
    """Drop what is neither live nor needed."""
    for schema in (*SHADOWS.values(), OLD):
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
    connection.commit()


def swap(connection: psycopg.Connection[Any]) -> None:
    """Put the filled read models in the place of the live ones (in the caller's transaction).

    Renaming schemas locks no table: whoever reads the old ones finishes on them, the next statement finds the new.
    """
    for name, becomes in (("model", OLD), (SHADOWS["model"], "model")):
        connection.execute(
            sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(becomes))
        )


def _copy(connection: psycopg.Connection[Any], schema: str, name: str, info: dict[str, Any]) -> None:
    """A table's columns, constraints and indexes under their own names (``LIKE`` would invent names)."""
    live, shadow = sql.Identifier(schema, name), sql.Identifier(SHADOWS[schema], name)
    kept = info["kind"] is TableKind.READ_MODEL
    connection.execute(
        sql.SQL(
            "CREATE {} TABLE {} (LIKE {} INCLUDING ALL EXCLUDING INDEXES EXCLUDING CONSTRAINTS EXCLUDING COMMENTS)"
        ).format(sql.SQL("" if kept else "UNLOGGED"), shadow, live)
    )
    for constraint, kind, definition in _constraints(connection, schema, name):
        if kind == "f":
            if kept:
                raise NotRebuildableError(f"{schema}.{name} has a foreign key; read models have none")
            continue
        connection.execute(
            sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                shadow, sql.Identifier(constraint), sql.SQL(definition)
            )
        )
    for definition in _indexes(connection, schema, name):
        connection.execute(sql.SQL(definition.replace(f" ON {schema}.", f" ON {SHADOWS[schema]}.", 1)))
    if info["kind"] is TableKind.OWNED:
        connection.execute(sql.SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {}").format(shadow, live))


def _constraints(connection: psycopg.Connection[Any], schema: str, name: str) -> list[Any]:
    """Name, kind and definition of a table's constraints (``LIKE`` copies NOT NULL by itself)."""
    return connection.execute(
        """
        SELECT conname, contype::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = format('%%I.%%I', %s::text, %s::text)::regclass AND contype IN ('p', 'u', 'c', 'f', 'x')
        ORDER BY contype DESC, conname
        """,
        [schema, name],
    ).fetchall()


def _indexes(connection: psycopg.Connection[Any], schema: str, name: str) -> list[str]:
    """Definitions of the indexes that no constraint makes, naming the schema."""
    rows = connection.execute(
        """
        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
        WHERE i.indrelid = format('%%I.%%I', %s::text, %s::text)::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x'))
        ORDER BY 1
        """,
        [schema, name],
    )
    return [row[0] for row in rows]
