"""Whole rows of a table in statements of known text."""

from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from shared.platform.db.driver import Rows

Model = type[Any]


def columns_of(model: Model, alias: str) -> str:
    """Every column of a table, as a statement selects them from ``alias``."""
    return ", ".join(f"{alias}.{name}" for name in model.__table__.columns.keys())  # noqa: SIM118 - no mapping


@cache
def rows_of(model: Model, *more: str) -> Callable[[Rows], Iterable[Any]]:
    """Selected columns of a table (and ``more`` after them) as named tuples."""
    names = [*model.__table__.columns.keys(), *more]
    kind: Any = namedtuple(model.__name__, names)  # type: ignore[misc] # noqa: PYI024 - known at run time only
    return lambda rows: map(kind._make, rows)
