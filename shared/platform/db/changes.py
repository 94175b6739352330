"""What a transaction of somebody's changes, noted by the database itself, whatever statement does it.

A trigger on every audited table fires where the transaction says who acts (``app.actor``), and nowhere else: batches
of events and webhooks do not. What is noted stays in a setting of the transaction until ``shared.platform.audit``
takes it; ``changes.sql`` is the trigger's function.
"""

from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table

from shared.platform.db.tables import is_housekeeping, is_secret

_TRIGGER = "note_change"
_WATCH = """
CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW
WHEN (current_setting('app.actor', true) <> '') EXECUTE FUNCTION platform.note_change({arguments})
"""
_IS_WATCHED = "SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s"


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Put the trigger's function in place."""
    connection.execute((files("shared.platform.db") / "changes.sql").read_bytes())


def watch(connection: psycopg.Connection[Any], table: sql.Composable, declared: Table | None) -> None:
    """Note the changes of a table, if it is to be audited; else note them no more."""
    if declared is not None and declared.info["unaudited"] is None:
        arguments = sql.SQL(", ").join(map(sql.Literal, _arguments(declared)))
        connection.execute(sql.SQL(_WATCH).format(table=table, arguments=arguments))
    elif connection.execute(_IS_WATCHED, [table.as_string(connection), _TRIGGER]).fetchone() is not None:
        connection.execute(sql.SQL("DROP TRIGGER {} ON {}").format(sql.Identifier(_TRIGGER), table))


def _arguments(table: Table) -> list[str]:
    """As ``changes.sql`` takes them."""
    key = [column.name for column in table.primary_key if column.name != "organization_id" and not is_secret(column)]
    secrets = [column.name for column in table.columns if is_secret(column)]
    housekeeping = [column.name for column in table.columns if is_housekeeping(column)]
    return [
        *(f"{{{','.join(names)}}}" for names in (key, secrets, housekeeping)),
        _own_id(table, "organizations", "organization_id"),
        _own_id(table, "users", "user_id"),
    ]


def _own_id(table: Table, name: str, column: str) -> str:
    """The column that refers to an organization, or a user; in their own table it is their id."""
    if table.name == name:
        return "id"
    return column if column in table.columns else ""
