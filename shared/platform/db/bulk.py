"""Writing many rows in one statement, and locking many keys in one order.

A batch becomes ``INSERT ... SELECT ... FROM json_to_recordset(rows)``: one parameter, one round trip and one plan,
however many rows there are.
"""

import hashlib
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, LiteralString, cast

import orjson
from sqlalchemy import ColumnElement, Table, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from shared.platform.db.driver import DIALECT, Rows, Statement, later, nothing, run
from shared.platform.db.tables import TableKind

Model = type[Any]

_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(n) FROM unnest(%s::bigint[]) WITH ORDINALITY AS t (n, i)"


def _table(model: Model) -> Table:
    return cast("Table", model.__table__)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _name(table: Table) -> str:
    """How a statement names a table: by the search path, which finds those that stand in during a rebuild."""
    platform = TableKind.PLATFORM.schema
    return f'{platform}."{table.name}"' if table.schema == platform else f'"{table.name}"'


@cache
def _insert_text(table: Table, names: tuple[str, ...]) -> str:
    """``INSERT ... SELECT ... FROM json_to_recordset(...)`` of some columns."""
    columns = ", ".join(f'"{name}" {table.c[name].type.compile(dialect=DIALECT)}' for name in names)
    return (
        f"INSERT INTO {_name(table)} AS kept ({_quoted(names)}) "  # noqa: S608 - names of declared columns
        f"SELECT {_quoted(names)} FROM json_to_recordset(%s::json) AS given ({columns})"
    )


@cache
def _upsert_text(
    table: Table, names: tuple[str, ...], key: tuple[str, ...], newer_by: str | None, unless_same: tuple[str, ...]
) -> bytes:
    return (_insert_text(table, names) + _conflict_text(names, key, newer_by, unless_same)).encode()


def _conflict_text(
    names: tuple[str, ...], key: tuple[str, ...], newer_by: str | None, unless_same: tuple[str, ...]
) -> str:
    """What happens to a row whose key exists."""
    changed = [name for name in names if name not in key]
    if not changed:
        return f" ON CONFLICT ({_quoted(key)}) DO NOTHING RETURNING {_kept(key)}"
    conditions = []
    if newer_by is not None:
        conditions.append(f'excluded."{newer_by}" > kept."{newer_by}"')
    if unless_same:
        given = ", ".join(f'excluded."{name}"' for name in unless_same)
        conditions.append(f"ROW({_kept(unless_same)}) IS DISTINCT FROM ROW({given})")
    setting = ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f" ON CONFLICT ({_quoted(key)}) DO UPDATE SET {setting}{where} RETURNING {_kept(key)}"


def _kept(names: Iterable[str]) -> str:
    return ", ".join(f'kept."{name}"' for name in names)


def _written(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as JSON; numbers that JSON cannot hold, and bytes, travel as their text."""
    given = (
        rows if all(len(row) == len(names) for row in rows) else [{name: row[name] for name in names} for row in rows]
    )
    return orjson.dumps(given, default=_as_text, option=orjson.OPT_NON_STR_KEYS).decode()


def _as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


async def bulk_insert(
    session: AsyncSession,
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    on_conflict: Literal["raise", "ignore"] = "raise",
) -> None:
    """Insert rows in one statement; with ``ignore``, rows whose key exists are left alone.

    All rows name the same columns. The statement travels with the next one of the transaction.
    """
    if not rows:
        return
    table, names = _table(model), tuple(rows[0])
    query = _insert_text(table, names)
    if on_conflict == "ignore":
        query += " ON CONFLICT DO NOTHING"
    await later(session, Statement(query.encode(), (_written(names, rows),), nothing))


async def bulk_upsert(
    session: AsyncSession,
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer_by: str | None = "version",
    unless_same: Sequence[str] = (),
) -> list[Any]:
    """Insert rows, or overwrite those whose key exists.

    ``newer_by``: overwrite only if the given row's value is greater (the newest wins among the given
    rows too). ``unless_same``: overwrite only if one of these columns differs. Returns the key columns
    of the rows that were inserted or changed, as named tuples. Rows are written in key order, so that two
    writers cannot deadlock on them.
    """
    if not rows:
        return []
    upsert = upserting(model, rows, key=key, newer_by=newer_by, unless_same=unless_same)
    return (await run(session, upsert))[0]


async def bulk_put(
    session: AsyncSession,
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer_by: str | None = "version",
    unless_same: Sequence[str] = (),
) -> None:
    """The same without an answer: the statement travels with the next one of the transaction."""
    if rows:
        upsert = upserting(model, rows, key=key, newer_by=newer_by, unless_same=unless_same)
        await later(session, Statement(upsert.query, upsert.parameters, nothing))


def upserting(
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer_by: str | None = "version",
    unless_same: Sequence[str] = (),
) -> Statement[list[Any]]:
    """The statement of ``bulk_upsert`` for rows (at least one), to be sent together with others."""
    table, names = _table(model), tuple(rows[0])
    chosen: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        identity = tuple(row[name] for name in key)
        known = chosen.get(identity)
        if known is None or newer_by is None or row[newer_by] >= known[newer_by]:
            chosen[identity] = row
    ordered = [chosen[identity] for identity in sorted(chosen, key=lambda values: tuple(map(str, values)))]
    query = _upsert_text(table, names, tuple(key), newer_by, tuple(unless_same))
    return Statement(query, (_written(names, ordered),), _as_keys(tuple(key)))


@cache
def _as_keys(key: tuple[str, ...]) -> Callable[[Rows], list[Any]]:
    kind: Any = namedtuple("Key", key)  # type: ignore[misc] # noqa: PYI024 - its names are known at run time only
    return lambda rows: list(map(kind._make, rows))


def in_values(columns: Sequence[Any], rows: Collection[Sequence[Any]]) -> ColumnElement[bool]:
    """``(a, b) IN (rows)`` as one parameter per column, however many rows there are."""
    arrays = []
    for index, column in enumerate(columns):
        column_type = column.type if not isinstance(column, InstrumentedAttribute) else column.property.columns[0].type
        arrays.append(bindparam(None, [row[index] for row in rows], type_=ARRAY(column_type), unique=True))
    source = (
        func.unnest(*arrays).table_valued(*[f"k{index}" for index in range(len(columns))]).render_derived(name="keys")
    )
    wanted = select(*[source.c[f"k{index}"] for index in range(len(columns))])
    if len(columns) == 1:
        return cast("ColumnElement[bool]", columns[0].in_(wanted))
    return tuple_(*columns).in_(wanted)


def lock_number(namespace: str, key: object) -> int:
    """The advisory lock number of a key: 63 bits of its BLAKE2 hash."""
    digest = hashlib.blake2b(f"{namespace}\x1f{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


async def lock_keys(session: AsyncSession, namespace: str, keys: Iterable[object]) -> None:
    """Take transaction locks on keys, in one order, before their inputs are read.

    Two transactions that lock overlapping keys run one after the other and cannot deadlock.
    Two keys may share a number (a hash); they then wait for each other without need.
    """
    chosen = set(keys)
    if chosen:
        await run(session, locking(namespace, chosen))


def locking(namespace: str, keys: Iterable[object]) -> Statement[None]:
    """The statement of ``lock_keys``, to be sent in front of the reads that it protects."""
    numbers = sorted({lock_number(namespace, key) for key in keys})
    return Statement(_LOCK, (numbers,), nothing)
