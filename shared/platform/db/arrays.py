"""Lists as PostgreSQL writes arrays.

One text per list: psycopg looks at every element of a list for its type, which costs more than sending it.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _quoted_member(value: Enum) -> str:
    return _quoted(str(value.value))


_WRITTEN: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    UUID: str,
    int: str,
    Decimal: str,
    date: date.isoformat,
    datetime: lambda value: f'"{value.isoformat()}"',
    type(None): lambda _value: "NULL",
    bool: lambda value: "t" if value else "f",
}


def array_of(values: Iterable[Any]) -> str:
    """Texts, numbers, ids, days, instants, members of enumerations or nothing as one array.

    Raises ``TypeError`` for values of other types.
    """
    return "{" + ",".join([_written(value) for value in values]) + "}"


def _written(value: Any) -> str:
    write = _WRITTEN.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, Enum):
        return _quoted_member(value)
    raise TypeError(f"an array holds no {type(value).__name__}")
