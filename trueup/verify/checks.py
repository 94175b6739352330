"""Comparing what is expected with what is stored, row by row, and naming what differs."""

import re
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from trueup.verify.scratch import SQL, Tell

NEARLY = "0.000001"
"""How far figures that come from logarithms may be apart (their 6th decimal), unless a check says otherwise.

Everything else is exact.
"""

SHOWN = 20
_STORED = "\n-- stored\n"


@dataclass(frozen=True, slots=True)
class Check:
    """Two queries whose rows must be the same."""

    name: str
    about: str
    key: tuple[str, ...]
    near: frozenset[str]
    within: str
    expected: str
    stored: str

    @classmethod
    def of(cls, name: str, text: str) -> "Check":
        """Read a file of ``sql/checks``."""
        head = dict(re.findall(r"^-- (about|key|near|within): (.*)$", text, re.MULTILINE))
        expected, _, stored = text.partition(_STORED)
        near, within = frozenset(_names(head.get("near", ""))), head.get("within", NEARLY)
        return cls(name, head["about"], _names(head["key"]), near, within, expected, stored)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass(slots=True)
class Result:
    """What a check found."""

    name: str
    about: str
    rows: int = 0
    differences: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)


def all_checks() -> list[Check]:
    """Every check of ``sql/checks``, in their order."""
    paths = sorted((SQL / "checks").glob("*.sql"))
    return [Check.of(path.stem[3:], path.read_text(encoding="utf-8")) for path in paths]


def run_all(pad: psycopg.Connection[Any], tell: Tell) -> list[Result]:
    """Run every check on a filled scratch pad."""
    names = _people_names(pad)
    results = []
    for check in all_checks():
        tell(f"checking {check.name}")
        results.append(run(pad, check, names))
    return results


def run(pad: psycopg.Connection[Any], check: Check, names: dict[UUID, str]) -> Result:
    """Compare the rows of one check by its key."""
    started = time.monotonic()
    columns = [column.name for column in pad.execute(_first(check.expected)).description or ()]
    for side, query in (("expected", check.expected), ("stored", check.stored)):
        table = sql.Identifier("pg_temp", f"side_{side}")
        pad.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(table))
        pad.execute(f"CREATE TEMP TABLE side_{side} AS SELECT true AS is_there, t.* FROM (\n{query}\n) t")  # noqa: S608 - our own file
        pad.execute(sql.SQL("ANALYZE {}").format(table))
    values = [name for name in columns if name not in check.key]
    join = sql.SQL("FROM side_expected e FULL JOIN side_stored s USING ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, check.key))
    )
    differs = sql.SQL(" OR ").join(
        [sql.SQL("e.is_there IS NULL OR s.is_there IS NULL"), *(_differs(check, name) for name in values)]
    )
    counted = pad.execute(sql.SQL("SELECT count(*), count(*) FILTER (WHERE {}) {}").format(differs, join)).fetchone()
    assert counted is not None
    result = Result(check.name, check.about, *counted)
    if result.differences:
        pairs = sql.SQL(", ").join(_pair(name) for name in values)
        keys = sql.SQL(", ").join(map(sql.Identifier, check.key))
        found = sql.SQL("SELECT {}, e.is_there AS e, s.is_there AS s{}{} {} WHERE {} ORDER BY {} LIMIT {}").format(
            keys, sql.SQL(", " if values else ""), pairs, join, differs, keys, sql.Literal(SHOWN)
        )
        with pad.cursor(row_factory=dict_row) as cursor:
            result.examples = [_sentence(check, values, row, names) for row in cursor.execute(found)]
    result.seconds = time.monotonic() - started
    return result


def _first(query: str) -> str:
    return f"SELECT * FROM (\n{query}\n) t LIMIT 0"  # noqa: S608 - our own file


def _differs(check: Check, name: str) -> sql.Composable:
    column = sql.Identifier(name)
    if name in check.near:
        apart = sql.SQL("(e.{0} IS NULL) <> (s.{0} IS NULL) OR abs(e.{0} - s.{0}) > {1}")
        return apart.format(column, sql.Literal(Decimal(check.within)))
    return sql.SQL("e.{0} IS DISTINCT FROM s.{0}").format(column)


def _pair(name: str) -> sql.Composable:
    column = sql.Identifier(name)
    return sql.SQL("e.{0} AS {1}, s.{0} AS {2}").format(
        column, sql.Identifier(f"e:{name}"), sql.Identifier(f"s:{name}")
    )


def _sentence(check: Check, values: list[str], row: dict[str, Any], names: dict[UUID, str]) -> str:
    """``acme / Kopi / mrr / 2026-03-31: value is 2.00, expected 1.00``."""
    place = " / ".join(_shown(row[name], names) for name in check.key if name != "connection_id")
    if row["s"] is None:
        told = ", ".join(f"{name} {_shown(row[f'e:{name}'], names)}" for name in values[:4])
        return f"{place}: is missing ({told})"
    if row["e"] is None:
        told = ", ".join(f"{name} {_shown(row[f's:{name}'], names)}" for name in values[:4])
        return f"{place}: should not be ({told})"
    wrong = [name for name in values if row[f"e:{name}"] != row[f"s:{name}"]]
    parts = [
        f"{name} is {_shown(row[f's:{name}'], names)}, expected {_shown(row[f'e:{name}'], names)}" for name in wrong
    ]
    return f"{place}: {'; '.join(parts)}"


def _shown(value: Any, names: dict[UUID, str]) -> str:
    return names.get(value, str(value)) if isinstance(value, UUID) else str(value)


def _people_names(pad: psycopg.Connection[Any]) -> dict[UUID, str]:
    """Ids of organizations, ventures, accounts and connections as people call them."""
    rows = pad.execute(
        "SELECT id, slug FROM organization UNION ALL SELECT id, name FROM venture"
        " UNION ALL SELECT id, name FROM account UNION ALL SELECT id, name FROM connection"
    ).fetchall()
    return {UUID(int=0): "shared", **dict(rows)}
