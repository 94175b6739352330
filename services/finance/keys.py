"""Keys by which the derivations go, rows of keys given to a statement, and what is locked by them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, column, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import TableValuedAlias

from shared.platform.db.bulk import lock_number, locking
from shared.platform.db.driver import Statement, nothing, run


class SubscriptionKey(NamedTuple):
    """A subscription of one connection."""

    organization_id: UUID
    connection_id: UUID
    subscription_id: str


class VentureKey(NamedTuple):
    """A venture of one organization."""

    organization_id: UUID
    venture_id: UUID


def given(rows: Sequence[Sequence[Any]], **columns: Any) -> TableValuedAlias:
    """Rows as a table ``given`` to a statement, its columns by SQL type: one parameter per column."""
    arrays = [
        bindparam(None, [row[place] for row in rows], type_=ARRAY(kind), unique=True)
        for place, kind in enumerate(columns.values())
    ]
    return (
        func.unnest(*arrays)
        .table_valued(*[column(name, kind) for name, kind in columns.items()], name="given")
        .render_derived()
    )


def sharing(organizations: Iterable[UUID]) -> Statement[None]:
    """Derive in organizations beside other writers, but not beside a recompute of everything."""
    numbers = sorted({_recompute_number(organization) for organization in organizations})
    return Statement("SELECT pg_advisory_xact_lock_shared(n) FROM unnest(%s::bigint[]) AS t (n)", (numbers,), nothing)


async def hold(session: AsyncSession, organization_id: UUID) -> None:
    """Be the only one that derives in an organization."""
    number = _recompute_number(organization_id)
    await run(session, Statement("SELECT pg_advisory_xact_lock(%s::bigint)", (number,), nothing))


def _recompute_number(organization_id: UUID) -> int:
    return lock_number("finance.recompute", organization_id)


def locking_subscriptions(keys: Iterable[SubscriptionKey]) -> Statement[None]:
    """Lock subscriptions before their spans are read. Always before their ventures."""
    return locking("finance.subscription", (tuple(map(str, key)) for key in keys))


def locking_ventures(keys: Iterable[VentureKey]) -> Statement[None]:
    """Lock ventures before their running sums, and the spans that these add up, are read."""
    return locking("finance.venture", (tuple(map(str, key)) for key in keys))


def key_columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Rows as one list per column, for ``unnest``."""
    columns = [list(values) for values in zip(*rows, strict=True)]
    return columns or [[] for _ in range(width)]
