"""The unlinked queue: by customer, what money belongs to no account yet."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.dispute.models import Dispute
from services.ingestion.ledger.models import LedgerRow
from services.ingestion.linking.rules import suggest
from services.ingestion.linking.schemas import AccountSuggestion, UnlinkedAmount, UnlinkedOut
from services.ingestion.linking.store import account_names
from services.ingestion.payment.models import Payment
from services.ingestion.refund.models import Refund
from services.ingestion.stripe_object.models import StripeObject
from services.ingestion.subscription.models import SubscriptionState
from shared.kernel.currency import minor_to_decimal
from shared.platform.db.bulk import in_values

NOBODY = ""
"""Stands for "no customer" in keys, which are never null."""


def queue(organization_id: UUID, connection_id: UUID | None) -> Select[Any]:
    """Customers with unlinked rows: connection, customer, counts by kind, a claimed account."""

    def counted(model: type[LedgerRow], kind: str, name: ColumnElement[str]) -> Select[Any]:
        statement = select(
            model.connection_id.label("connection_id"),
            func.coalesce(model.customer_id, NOBODY).label("customer_id"),
            literal(kind, String).label("kind"),
            func.count(name.distinct()).label("rows"),
            func.min(model.account_claim.cast(String)).label("claim"),
        ).where(model.organization_id == organization_id, model.account_id.is_(None))
        if connection_id is not None:
            statement = statement.where(model.connection_id == connection_id)
        return statement.group_by(model.connection_id, model.customer_id)

    found = union_all(
        counted(Payment, "payments", Payment.payment_id.expression),
        counted(Refund, "refunds", Refund.refund_id.expression),
        counted(Dispute, "disputes", Dispute.dispute_id.expression),
        counted(SubscriptionState, "subscriptions", SubscriptionState.subscription_id.expression),
    ).subquery("unlinked")
    kinds = [
        func.coalesce(func.sum(found.c.rows).filter(found.c.kind == kind), 0).label(kind)
        for kind in ("payments", "refunds", "disputes", "subscriptions")
    ]
    grouped = (
        select(found.c.connection_id, found.c.customer_id, *kinds, func.min(found.c.claim).label("claim"))
        .group_by(found.c.connection_id, found.c.customer_id)
        .subquery("queue")
    )
    return select(*grouped.c)


async def described(session: AsyncSession, organization_id: UUID, rows: Sequence[Any]) -> list[UnlinkedOut]:
    """Rows of the queue with names, amounts and suggestions."""
    keys = [(row.connection_id, row.customer_id) for row in rows]
    if not keys:
        return []
    people = await _people(session, organization_id, keys)
    amounts = await _amounts(session, organization_id, keys)
    names = await account_names(session, organization_id)
    return [_described(row, people, amounts, names) for row in rows]


def _described(
    row: Any,
    people: dict[tuple[UUID, str], dict[str, Any]],
    amounts: dict[tuple[UUID, str], list[UnlinkedAmount]],
    names: dict[UUID, str],
) -> UnlinkedOut:
    key = (row.connection_id, row.customer_id)
    person = people.get(key, {})
    return UnlinkedOut(
        connection_id=row.connection_id,
        customer_id=row.customer_id or None,
        customer_name=person.get("name"),
        customer_email=person.get("email"),
        claimed_account_id=row.claim or person.get("account"),
        payments=row.payments,
        subscriptions=row.subscriptions,
        refunds=row.refunds,
        disputes=row.disputes,
        amounts=amounts.get(key, []),
        suggestions=[
            AccountSuggestion(account_id=account, name=names[account], similarity_pct=likeness)
            for account, likeness in suggest(person.get("name"), names)
        ],
    )


async def _people(
    session: AsyncSession, organization_id: UUID, keys: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], dict[str, Any]]:
    columns = (
        StripeObject.organization_id,
        StripeObject.connection_id,
        StripeObject.object_type,
        StripeObject.object_id,
    )
    wanted = [(organization_id, connection, "customer", customer) for connection, customer in keys]
    statement = select(StripeObject.connection_id, StripeObject.object_id, StripeObject.facts)
    found = await session.execute(statement.where(in_values(columns, wanted)))
    return {(row[0], row[1]): row[2] for row in found}


async def _amounts(
    session: AsyncSession, organization_id: UUID, keys: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], list[UnlinkedAmount]]:
    customer = func.coalesce(Payment.customer_id, NOBODY)
    statement = (
        select(Payment.connection_id, customer, Payment.currency, func.count(), func.sum(Payment.amount_minor))
        .where(
            Payment.organization_id == organization_id,
            Payment.account_id.is_(None),
            Payment.connection_id.in_({connection for connection, _ in keys}),
            customer.in_({name for _, name in keys}),
        )
        .group_by(Payment.connection_id, customer, Payment.currency)
        .order_by(Payment.connection_id, customer, Payment.currency)
    )
    found: dict[tuple[UUID, str], list[UnlinkedAmount]] = {}
    for connection, name, currency, count, total in await session.execute(statement):
        amount = UnlinkedAmount(currency=currency, payments=count, amount=minor_to_decimal(int(total), currency))
        found.setdefault((connection, name), []).append(amount)
    return found
