"""What the operator's command may ask of ingestion."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Date, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.connection.store import lock_organizations
from services.ingestion.dispute.models import Dispute
from services.ingestion.ledger.models import LedgerRow
from services.ingestion.ledger.store import all_rows
from services.ingestion.ledger.use_cases import derive
from services.ingestion.payment.models import Payment
from services.ingestion.payout.models import Payout
from services.ingestion.raw_event import store as raw_events
from services.ingestion.raw_event.use_cases import shown_of
from services.ingestion.refund.models import Refund
from services.ingestion.stripe_object.use_cases import mirror
from services.ingestion.subscription.models import SubscriptionState
from shared.kernel.clock import now
from shared.kernel.currency import minor_to_decimal
from shared.platform.db.platform_tables import OrganizationRow

Figure = dict[str, str | None]

_CHUNK = 500


async def figures(session: AsyncSession) -> list[Figure]:
    """Every derived figure of ingestion: totals by month and currency, payments, states of subscriptions.

    Rows that count nothing are left out: whether one exists depends on the order of arrival.
    """
    slugs = {row.id: row.slug for row in await session.scalars(select(OrganizationRow))}
    shown: list[Figure] = []
    for name, model, at, sign in _totals():
        shown += [_total(name, row, slugs) for row in await session.execute(_by_month(model, at, sign))]
    shown += [_payment(row, slugs) for row in await session.scalars(select(Payment).where(Payment.amount_minor != 0))]
    shown += [_state(row, slugs) for row in await session.scalars(select(SubscriptionState))]
    return sorted(shown, key=lambda figure: [str(value) for value in figure.values()])


def _totals() -> Iterable[tuple[str, type[LedgerRow], ColumnElement[Any], int]]:
    """Each entry that money makes: its name, its table, its day's column, and whether it adds or takes."""
    yield "payments", Payment, Payment.occurred_at.expression, 1
    yield "refunds", Refund, Refund.refunded_at.expression, -1
    yield "refunds_failed", Refund, Refund.failed_at.expression, 1
    yield "disputes_withdrawn", Dispute, Dispute.withdrawn_at.expression, -1
    yield "disputes_reinstated", Dispute, Dispute.reinstated_at.expression, 1
    yield "payouts", Payout, Payout.arrival_date.expression, 1
    yield "payouts_reversed", Payout, Payout.reversed_on.expression, -1


def _by_month(model: Any, at: ColumnElement[Any], sign: int) -> Any:
    """Sums by organization, currency and month: the organization's local month of an instant."""
    day = at if isinstance(at.type, Date) else cast(func.timezone(OrganizationRow.time_zone, at), Date)
    month = func.to_char(day, "YYYY-MM")
    statement = (
        select(model.organization_id, model.currency, month, func.count(), sign * func.sum(model.amount_minor))
        .join(OrganizationRow, OrganizationRow.id == model.organization_id)
        .where(at.is_not(None), model.amount_minor != 0)
        .group_by(model.organization_id, model.currency, month)
    )
    return statement.where(model.deposited) if model is Payout else statement


def _total(name: str, row: Any, slugs: dict[UUID, str]) -> Figure:
    organization_id, currency, month, count, total = row
    return {
        "figure": f"ingestion.{name}",
        "organization": slugs.get(organization_id),
        "currency": currency,
        "month": month,
        "count": str(count),
        "amount": _amount(int(total), currency),
    }


def _payment(row: Payment, slugs: dict[UUID, str]) -> Figure:
    return {
        "figure": "ingestion.payment",
        "organization": slugs.get(row.organization_id),
        "payment": row.payment_id,
        "charge": row.charge_id,
        "invoice": row.invoice_id,
        "customer": row.customer_id,
        "currency": row.currency,
        "amount": _amount(row.amount_minor, row.currency),
        "fee": None if row.fee_minor is None else _amount(row.fee_minor, row.currency),
        "occurred_at": row.occurred_at.isoformat(),
        "linked": str(row.account_id is not None),
    }


def _state(row: SubscriptionState, slugs: dict[UUID, str]) -> Figure:
    digest = hashlib.sha256(orjson.dumps(row.content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {
        "figure": "ingestion.subscription_state",
        "organization": slugs.get(row.organization_id),
        "subscription": row.subscription_id,
        "effective_at": row.effective_at.isoformat(),
        "status": row.status,
        "customer": row.customer_id,
        "linked": str(row.account_id is not None),
        "content": digest,
    }


def _amount(minor: int, currency: str) -> str:
    amount: Decimal = minor_to_decimal(minor, currency)
    return f"{amount:f}"


async def recompute(session: AsyncSession, organization_id: UUID) -> int:
    """Read every raw event again, and derive every ledger row again; returns how many rows changed.

    0: mirrors and ledger are what the raw events say. Events that wait or are parked are left to the worker.
    """
    await lock_organizations(session, [organization_id])
    changed = 0
    after: tuple[UUID, str] | None = None
    while True:
        events = await raw_events.settled_chunk(session, organization_id, after, _CHUNK)
        if not events:
            break
        shown, _ = shown_of(events)
        changed += await derive(session, await mirror(session, shown, now()), now())
        after = (events[-1].connection_id, events[-1].event_id)
    return changed + await derive(session, await all_rows(session, organization_id), now())
