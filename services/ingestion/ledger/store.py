"""All SQL that ledger tables share: rows by key, and the rows that a change of link touches."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.dispute.models import Dispute
from services.ingestion.ledger.models import RederiveBacklog
from services.ingestion.ledger.nouns import Noun
from services.ingestion.payment.models import Payment
from services.ingestion.payout.models import Payout
from services.ingestion.refund.models import Refund
from services.ingestion.stripe_object.rules.touched import Named, Touched
from services.ingestion.subscription.models import SubscriptionState
from shared.platform.db.bulk import bulk_insert, bulk_put, in_values
from shared.platform.db.driver import DIALECT, Rows, Statement

Row = Mapping[str, Any]
Key = tuple[Any, ...]
Stored = dict[Key, dict[str, Any]]


def rows_by_key(noun: Noun, keys: Collection[Key]) -> Statement[Stored]:
    """Stored rows by their whole key (at least one)."""
    query, names = _by_key(noun)
    width = len(noun.whole_key)

    def load(rows: Rows) -> Stored:
        return {row[:width]: dict(zip(names, row, strict=True)) for row in rows}

    return Statement(query, [list(column) for column in zip(*keys, strict=True)], load)


@cache
def _by_key(noun: Noun) -> tuple[bytes, tuple[str, ...]]:
    """The statement that finds rows by key, and the columns that it gives: the key's first."""
    table = cast("Table", noun.model.__table__)
    names = (*noun.whole_key, *(column.name for column in table.columns if column.name not in noun.whole_key))
    given = ", ".join(f"%s::{table.c[name].type.compile(dialect=DIALECT)}[]" for name in noun.whole_key)
    query = (
        f"SELECT {', '.join(names)} FROM {table.name}"  # noqa: S608 - names of declared columns
        f" WHERE ({', '.join(noun.whole_key)}) IN (SELECT * FROM unnest({given}))"
    )
    return query.encode(), names


async def write(session: AsyncSession, noun: Noun, rows: Sequence[Row]) -> None:
    """Insert rows or overwrite them by key; the caller holds the locks of their connections."""
    await bulk_put(session, noun.model, rows, key=noun.whole_key, newer_by=None)


async def add_rows_of_customers(session: AsyncSession, touched: Touched, customers: Collection[Named]) -> None:
    """Every payment (with refunds and disputes) and subscription of some customers."""
    if customers:
        given = list(customers)
        await _add_rows(
            session,
            touched,
            lambda model: in_values((model.organization_id, model.connection_id, model.customer_id), given),
        )


async def add_rows_by(
    session: AsyncSession, touched: Touched, column: str, values: Collection[tuple[UUID, UUID]]
) -> None:
    """Every row whose column (an account or venture, or a claim of one) has a value of its organization."""
    if values:
        given = list(values)
        await _add_rows(
            session, touched, lambda model: in_values((model.organization_id, getattr(model, column)), given)
        )


async def add_rows_of_connection(session: AsyncSession, touched: Touched, connection: tuple[UUID, UUID]) -> None:
    """Every row of a connection."""
    organization_id, connection_id = connection
    await _add_rows(
        session,
        touched,
        lambda model: (model.organization_id == organization_id) & (model.connection_id == connection_id),
    )


async def _add_rows(session: AsyncSession, touched: Touched, condition: Any) -> None:
    async def named(model: Any, key: ColumnElement[str]) -> set[Named]:
        statement = select(model.organization_id, model.connection_id, key).where(condition(model)).distinct()
        return {(row[0], row[1], row[2]) for row in await session.execute(statement)}

    touched.payments |= await named(Payment, Payment.payment_id)  # type: ignore[arg-type]  # an instrumented column is one
    touched.payments |= await named(Refund, func.coalesce(Refund.payment_id, Refund.refund_id))
    touched.payments |= await named(Dispute, func.coalesce(Dispute.payment_id, Dispute.dispute_id))
    touched.payouts |= await named(Payout, Payout.payout_id)  # type: ignore[arg-type]  # as above
    for name in await named(SubscriptionState, SubscriptionState.subscription_id):  # type: ignore[arg-type]  # as above
        touched.subscriptions[name] = None


async def add_subscriptions_of(session: AsyncSession, touched: Touched, customers: Collection[Named]) -> None:
    """Every subscription of some customers."""
    if not customers:
        return
    model = SubscriptionState
    statement = (
        select(model.organization_id, model.connection_id, model.subscription_id)
        .where(in_values((model.organization_id, model.connection_id, model.customer_id), list(customers)))
        .distinct()
    )
    for row in await session.execute(statement):
        touched.subscriptions[row[0], row[1], row[2]] = None


async def add_payments_of_invoices(session: AsyncSession, touched: Touched, invoices: Collection[Named]) -> None:
    """The payments of some invoices."""
    if not invoices:
        return
    statement = select(Payment.organization_id, Payment.connection_id, Payment.payment_id).where(
        in_values((Payment.organization_id, Payment.connection_id, Payment.invoice_id), list(invoices))
    )
    touched.payments |= {(row[0], row[1], row[2]) for row in await session.execute(statement)}


# --- work put off ---------------------------------------------------------------------------------


async def put_off(session: AsyncSession, touched: Touched) -> None:
    """Leave rows to the worker, which derives them in portions."""
    named = [("payment", touched.payments), ("payout", touched.payouts), ("subscription", set(touched.subscriptions))]
    rows = [
        {"organization_id": key[0], "connection_id": key[1], "noun": noun, "key": key[2]}
        for noun, keys in named
        for key in sorted(keys, key=str)
    ]
    await bulk_insert(session, RederiveBacklog, rows)


async def take_put_off(session: AsyncSession, connections: Collection[UUID], limit: int) -> Touched:
    """Take a portion of what was put off for some (locked) connections."""
    backlog = RederiveBacklog
    oldest = (
        select(backlog.position)
        .where(backlog.connection_id.in_(connections))
        .order_by(backlog.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = await session.execute(
        delete(backlog)
        .where(backlog.position.in_(oldest))
        .returning(backlog.organization_id, backlog.connection_id, backlog.noun, backlog.key)
    )
    touched = Touched()
    for organization, connection, noun, key in taken:
        name = (organization, connection, key)
        if noun == "subscription":
            touched.subscriptions[name] = None
        else:
            (touched.payments if noun == "payment" else touched.payouts).add(name)
    return touched


async def all_rows(session: AsyncSession, organization_id: UUID) -> Touched:
    """Every row of an organization."""
    touched = Touched()
    await _add_rows(session, touched, lambda model: model.organization_id == organization_id)
    return touched
