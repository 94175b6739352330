"""How tables are declared: every table says its kind, and so in which schema it lives."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Date, DateTime, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.sql.schema import SchemaItem

NAMING: Mapping[str, str] = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, so that a migration can name what it changes."""

Id = Annotated[UUID, mapped_column(Uuid)]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Day = Annotated[date, mapped_column(Date)]
Figure = Annotated[Decimal, mapped_column(Numeric(20, 6))]
Minor = Annotated[int, mapped_column(BigInteger)]
Json = Annotated[Any, mapped_column(JSONB)]


class TableKind(StrEnum):
    """Who may write a table again, and from what."""

    OWNED = "owned"
    DERIVED = "derived"
    READ_MODEL = "read_model"
    PLATFORM = "platform"

    @property
    def schema(self) -> str:
        """The schema in which tables of this kind live."""
        return {"owned": "owned", "derived": "owned", "read_model": "model", "platform": "platform"}[self.value]


class TrueupTable(DeclarativeBase):
    """Base of all tables. A service derives one base with a ``metadata`` of its own."""

    __abstract__ = True
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy declares it as an instance mapping
        datetime: DateTime(timezone=True),
        UUID: Uuid,
        str: Text,
        int: BigInteger,
        Decimal: Numeric(20, 6),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


def new_metadata() -> MetaData:
    """The metadata of one service's tables."""
    return MetaData(naming_convention=dict(NAMING))


_NOT_OWNED = "made from what is recorded, or the platform's own"
_OF_ITS_KIND = "of its kind"
_SECRET = re.compile(r"(^|_)(hash|secrets?|sealed|digest|password|nonce|token|jwk)(_|$)")


def table_args(
    kind: TableKind,
    *items: SchemaItem,
    deletable: bool = False,
    append_only: bool = False,
    global_reason: str | None = None,
    unaudited: str | None = _OF_ITS_KIND,
    **options: Any,
) -> tuple[Any, ...]:
    """``__table_args__`` of a table.

    ``deletable`` lets the service's role delete rows (queues only; nothing financial). ``append_only`` takes even
    changing them from it. ``global_reason`` says why a table has no tenant policy; without it ``organization_id`` is
    due. ``unaudited`` says why what people change in it is not in the audit log; owned tables are in it.
    """
    if unaudited == _OF_ITS_KIND:
        unaudited = None if kind is TableKind.OWNED else _NOT_OWNED
    info = {
        "kind": kind,
        "deletable": not append_only and (deletable or kind is not TableKind.OWNED),
        "append_only": append_only,
        "global_reason": global_reason,
        "unaudited": unaudited,
    }
    return (*items, {"schema": kind.schema, "info": info, **options})


def is_secret(column: Column[Any]) -> bool:
    """Whether the audit log must not show a column: its name says so, or ``info={"secret": ...}`` does."""
    return bool(column.info.get("secret", _SECRET.search(column.name)))


def is_housekeeping(column: Column[Any]) -> bool:
    """Whether a change of this column alone is no deed of anybody (``info={"housekeeping": True}``)."""
    return bool(column.info.get("housekeeping"))
