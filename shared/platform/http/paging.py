"""Cursor pagination: each page continues after the last row of the one before."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.operators import desc_op

from shared.kernel.errors import Invalid

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """One page of a list. ``next_cursor`` is null on the last one."""

    items: list[T]
    next_cursor: str | None = None


class PageRequest(BaseModel):
    """Which page a client asks for."""

    limit: int = 50
    cursor: str | None = None


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="How many items at most")] = 50,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of the page before")] = None,
) -> PageRequest:
    return PageRequest(limit=limit, cursor=cursor)


PageQuery = Annotated[PageRequest, Depends(_page_request)]
"""The ``limit`` and ``cursor`` of a list request."""


class BadCursor(Invalid):
    """The cursor is not one that this list gave."""

    code = "bad_cursor"


async def paginate(
    session: AsyncSession,
    statement: Select[Any],
    page: PageRequest,
    *,
    by: Sequence[Any],
    into: Callable[..., T],
) -> Page[T]:
    """One page of a statement, ordered by columns that together are unique and never null.

    ``by`` holds columns, each optionally ``.desc()``. ``into`` gets the statement's own columns (or its
    entity) of each row.
    """
    columns = [_column(item) for item in by]
    if page.cursor is not None:
        values = _decode(page.cursor, [column for column, _ in columns])
        statement = statement.where(_after(columns, values))
    statement = statement.order_by(*by).limit(page.limit + 1).add_columns(*[column for column, _ in columns])
    rows = (await session.execute(statement)).all()
    shown = rows[: page.limit]
    width = len(columns)
    items = [into(*row[:-width]) for row in shown]
    more = len(rows) > page.limit
    return Page(items=items, next_cursor=_encode(shown[-1][-width:]) if more else None)


def _column(item: Any) -> tuple[ColumnElement[Any], bool]:
    """A column, and whether it descends."""
    if isinstance(item, UnaryExpression) and item.modifier is desc_op:
        return item.element, True
    return item, False


def _after(columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """``(a, b) > (x, y)``, written out so that each column may have its own direction."""
    alternatives = []
    for index, (column, descending) in enumerate(columns):
        same = [before == values[place] for place, (before, _) in enumerate(columns[:index])]
        beyond = column < values[index] if descending else column > values[index]
        alternatives.append(and_(*same, beyond))
    return or_(*alternatives)


def _encode(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([str(value) for value in values])).decode().rstrip("=")


def _decode(cursor: str, columns: Sequence[ColumnElement[Any]]) -> list[Any]:
    try:
        texts = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_parse(text, column.type.python_type) for text, column in zip(texts, columns, strict=True)]
    except (ValueError, TypeError, binascii.Error, InvalidOperation) as error:
        raise BadCursor("The cursor is not one that this list gave; start again without it.") from error


def _parse(text: str, kind: type[Any]) -> Any:
    if "\x00" in text:
        raise ValueError("no text")
    if kind in (datetime, date):
        return kind.fromisoformat(text)
    if kind is int and abs(int(text)) >= 2**63:
        raise ValueError("out of range")
    return kind(text) if kind in (int, UUID, Decimal, str) else text
