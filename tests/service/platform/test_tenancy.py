"""Row-level security with rows in every tenant table: only one's own organization is seen, and nothing else written."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from shared.kernel.ids import new_id
from shared.platform.db.migrate import service_metadata
from shared.platform.db.provision import role_of
from tests.harness import databases
from trueup.databases import services_with_database

MINE, THEIRS = new_id(), new_id()
VALUES: dict[type, Any] = {
    UUID: new_id(),
    str: "MYR",
    int: 1,
    bool: False,
    bytes: b"{}",
    Decimal: Decimal(1),
    date: date(2026, 3, 31),
    datetime: datetime(2026, 3, 31, tzinfo=UTC),
    dict: Jsonb({}),
}


def tenant_tables(service: str) -> list[Any]:
    return [table for table in service_metadata(service).sorted_tables if table.info["global_reason"] is None]


def insertion(table: Any, organization: UUID) -> tuple[sql.Composed, list[Any]]:
    """A row with some value in every column."""
    columns = [column for column in table.columns if column.identity is None]
    values = [
        organization if column.name == "organization_id" else VALUES.get(column.type.python_type, Jsonb({}))
        for column in columns
    ]
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.schema, table.name),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    return statement, values


@pytest.mark.parametrize("service", services_with_database())
def test_only_ones_own_rows_are_seen_and_written(postgres_url: str, service: str) -> None:
    name = databases.clone(postgres_url, service)
    try:
        operator = databases.address(postgres_url, "trueup_operator", name)
        with psycopg.connect(operator, autocommit=True) as owner:
            for table in tenant_tables(service):
                _without_checks(owner, table)
                owner.execute(*insertion(table, MINE))
        with psycopg.connect(databases.address(postgres_url, role_of(service), name), autocommit=True) as connection:
            assert tenant_tables(service) or service == "identity"
            for table in tenant_tables(service):
                _try(connection, table)
    finally:
        databases.drop(postgres_url, name)


def _without_checks(owner: psycopg.Connection[Any], table: Any) -> None:
    """What a row has to look like is not the question here."""
    rows = owner.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f')",
        [f"{table.schema}.{table.name}"],
    ).fetchall()
    for (constraint,) in rows:
        owner.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.Identifier(table.schema, table.name), sql.Identifier(constraint)
            )
        )


def _try(connection: psycopg.Connection[Any], table: Any) -> None:
    full = sql.Identifier(table.schema, table.name)

    def seen() -> int:
        return connection.execute(sql.SQL("SELECT count(*) FROM {}").format(full)).fetchone()[0]

    def touch(value: UUID) -> int:
        return connection.execute(sql.SQL("UPDATE {} SET organization_id = %s").format(full), [value]).rowcount

    for organizations, expected in (("", 0), (str(THEIRS), 0), (str(MINE), 1), (f"{THEIRS},{MINE}", 1)):
        connection.execute("SELECT set_config('app.organization_ids', %s, false)", [organizations])
        assert seen() == expected, f"{table.name} with {organizations!r}"
    connection.execute("SELECT set_config('app.organization_ids', %s, false)", [str(THEIRS)])
    if not table.info["append_only"]:
        assert touch(THEIRS) == 0, table.name
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(*insertion(table, MINE))
    connection.execute("SELECT set_config('app.organization_ids', %s, false)", [str(MINE)])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        touch(THEIRS)
