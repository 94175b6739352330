"""Writing many rows in one statement, and locking many keys in one order.

A batch becomes ``INSERT ... SELECT * FROM unnest(array, array, ...)``: one round trip and one plan,
however many rows there are.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, cast

import orjson
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CursorResult,
    Row,
    Table,
    Text,
    bindparam,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import Select

Model = type[Any]


def _table(model: Model) -> Table:
    return cast("Table", model.__table__)


def _rows_as_select(table: Table, rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], Select[Any]]:
    """The rows as a SELECT over unnested arrays, one array per column."""
    names = list(rows[0])
    arrays = []
    for name in names:
        column_type = table.c[name].type
        values = [row[name] for row in rows]
        if isinstance(column_type, JSONB):
            values = [None if value is None else _json(value) for value in values]
            array_type: Any = ARRAY(Text)
        else:
            array_type = ARRAY(column_type)
        arrays.append(bindparam(None, values, type_=array_type, unique=True))
    source = (
        func.unnest(*arrays).table_valued(*[f"c{index}" for index in range(len(names))]).render_derived(name="given")
    )
    columns = [
        source.c[f"c{index}"].cast(JSONB) if isinstance(table.c[name].type, JSONB) else source.c[f"c{index}"]
        for index, name in enumerate(names)
    ]
    return names, select(*columns)


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _insert(model: Model, rows: Sequence[Mapping[str, Any]]) -> Insert:
    names, source = _rows_as_select(_table(model), rows)
    return insert(_table(model)).from_select(names, source)


async def bulk_insert(
    session: AsyncSession,
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    on_conflict: Literal["raise", "ignore"] = "raise",
) -> int:
    """Insert rows in one statement; with ``ignore``, rows whose key exists are left alone.

    All rows name the same columns. Returns how many rows were inserted.
    """
    if not rows:
        return 0
    statement = _insert(model, rows)
    if on_conflict == "ignore":
        statement = statement.on_conflict_do_nothing()
    result = cast("CursorResult[Any]", await session.execute(statement))
    return result.rowcount


async def bulk_upsert(
    session: AsyncSession,
    model: Model,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    newer_by: str | None = "version",
    unless_same: Sequence[str] = (),
) -> list[Row[Any]]:
    """Insert rows, or overwrite those whose key exists.

    ``newer_by``: overwrite only if the given row's value is greater (the newest wins among the given
    rows too). ``unless_same``: overwrite only if one of these columns differs. Returns the key columns
    of the rows that were inserted or changed. Rows are written in key order, so that two writers
    cannot deadlock on them.
    """
    if not rows:
        return []
    table = _table(model)
    chosen: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        identity = tuple(row[name] for name in key)
        known = chosen.get(identity)
        if known is None or newer_by is None or row[newer_by] >= known[newer_by]:
            chosen[identity] = row
    ordered = [chosen[identity] for identity in sorted(chosen, key=lambda values: tuple(map(str, values)))]
    statement = _insert(model, ordered)
    changed = [name for name in ordered[0] if name not in key]
    given = statement.excluded
    conditions: list[ColumnElement[bool]] = []
    if newer_by is not None:
        conditions.append(given[newer_by] > table.c[newer_by])
    if unless_same:
        old = tuple_(*[table.c[name] for name in unless_same])
        new = tuple_(*[given[name] for name in unless_same])
        conditions.append(old.is_distinct_from(new))
    if changed:
        statement = statement.on_conflict_do_update(
            index_elements=list(key),
            set_={name: given[name] for name in changed},
            where=None
            if not conditions
            else (conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]),
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(key))
    result = await session.execute(statement.returning(*[table.c[name] for name in key]))
    return list(result.all())


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
    numbers = sorted({lock_number(namespace, key) for key in keys})
    if numbers:
        await session.execute(
            text("SELECT pg_advisory_xact_lock(n) FROM unnest(:numbers) WITH ORDINALITY AS t(n, i)").bindparams(
                bindparam("numbers", numbers, type_=ARRAY(BigInteger))
            )
        )
