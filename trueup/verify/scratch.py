"""A scratch pad of temporary tables in one database, filled with the raw rows of all of them.

The operator's role owns the databases and may make temporary tables in them; they are gone with the connection. The
rows are copied between servers' sessions in PostgreSQL's binary format.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shared.kernel.clock import now
from shared.kernel.currency import exponent, known_currencies, stripe_exponent
from trueup.access import operator_address

SQL = Path(__file__).parent / "sql"
HOST = "finance"
"""In whose database the scratch pad lies."""

_FROM = re.compile(r"^-- from: (\w+)$", re.MULTILINE)
Tell = Callable[[str], None]


@contextmanager
def scratch_pad() -> Iterator[psycopg.Connection[Any]]:
    """A connection for temporary tables."""
    with psycopg.connect(operator_address(HOST), application_name="trueup-verify") as connection:
        for setting in (
            "work_mem = '256MB'",
            "jit = off",
            "idle_in_transaction_session_timeout = 0",
            "timezone = 'UTC'",
        ):
            connection.execute(sql.SQL("SET {}").format(sql.SQL(setting)))
        connection.execute("CREATE TEMP TABLE clock AS SELECT %s::timestamptz AS now", [now()])
        connection.execute("CREATE TEMP TABLE currency (code text PRIMARY KEY, iso int, stripe int)")
        with connection.cursor().copy("COPY currency FROM STDIN") as rows:
            for code in sorted(known_currencies()):
                rows.write_row((code, exponent(code), stripe_exponent(code)))
        yield connection


def load(pad: psycopg.Connection[Any], tell: Tell) -> None:
    """Copy the rows of ``sql/inputs`` from the databases that hold them."""
    queries: dict[str, dict[str, str]] = {}
    for path in sorted((SQL / "inputs").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        named = _FROM.search(text)
        assert named is not None, f"{path.name} says from which service it is"
        queries.setdefault(named.group(1), {})[path.stem] = text
    for service, wanted in queries.items():
        tell(f"reading {service}")
        with psycopg.connect(operator_address(service), application_name="trueup-verify") as source:
            source.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            for name, query in wanted.items():
                _copy(source, pad, name, query)


def _copy(source: psycopg.Connection[Any], pad: psycopg.Connection[Any], name: str, query: str) -> None:
    """One query's rows as a temporary table of the same columns."""
    text = query.strip()
    shape = source.execute(f"SELECT * FROM (\n{text}\n) shape LIMIT 0").description or ()  # noqa: S608 - our own file
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_type_name(pad, column.type_code)))
        for column in shape
    ]
    table = sql.Identifier("pg_temp", name)
    pad.execute(sql.SQL("CREATE TEMP TABLE {} ({})").format(sql.Identifier(name), sql.SQL(", ").join(columns)))
    given = f"COPY (\n{text}\n) TO STDOUT (FORMAT binary)"
    taken = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(table)
    with source.cursor().copy(given) as out, pad.cursor().copy(taken) as into:
        for data in out:
            into.write(data)
    pad.execute(sql.SQL("ANALYZE {}").format(table))


def _type_name(pad: psycopg.Connection[Any], oid: int) -> Any:
    row = pad.execute("SELECT format_type(%s, NULL)", [oid]).fetchone()
    assert row is not None
    return row[0]


def derive(pad: psycopg.Connection[Any], tell: Tell) -> None:
    """Run ``sql/steps`` in their order: from raw rows to expected figures."""
    for path in sorted((SQL / "steps").glob("*.sql")):
        tell(f"deriving {path.stem[3:]}")
        pad.execute(path.read_text(encoding="utf-8"))
