"""Keys by which the derivations go, rows of keys given to a statement, and what is locked by them."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, column, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.selectable import TableValuedAlias

from shared.platform.db.bulk import lock_keys, lock_number


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


_SHARED = text("SELECT pg_advisory_xact_lock_shared(n) FROM unnest(:numbers) AS t(n)")


async def share(session: AsyncSession, organizations: Iterable[UUID]) -> None:
    """Derive in organizations beside other writers, but not beside a recompute of everything."""
    numbers = sorted({_recompute_number(organization) for organization in organizations})
    await session.execute(_SHARED.bindparams(bindparam("numbers", numbers, type_=ARRAY(BigInteger))))


async def hold(session: AsyncSession, organization_id: UUID) -> None:
    """Be the only one that derives in an organization."""
    number = _recompute_number(organization_id)
    await session.execute(text("SELECT pg_advisory_xact_lock(:number)").bindparams(number=number))


def _recompute_number(organization_id: UUID) -> int:
    return lock_number("finance.recompute", organization_id)


async def lock_subscriptions(session: AsyncSession, keys: Iterable[SubscriptionKey]) -> None:
    """Lock subscriptions before their spans are read. Always before their ventures."""
    await lock_keys(session, "finance.subscription", (tuple(map(str, key)) for key in keys))


async def lock_ventures(session: AsyncSession, keys: Iterable[VentureKey]) -> None:
    """Lock ventures before their running sums, and the spans that these add up, are read."""
    await lock_keys(session, "finance.venture", (tuple(map(str, key)) for key in keys))
