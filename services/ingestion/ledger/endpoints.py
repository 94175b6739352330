"""The ledger over HTTP: payments, refunds, disputes, payouts, states of subscriptions."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from pydantic import StringConstraints
from sqlalchemy import Date, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from services.ingestion.dispute.models import Dispute
from services.ingestion.ledger.models import LedgerRow
from services.ingestion.ledger.schemas import DisputeOut, PaymentOut, PayoutOut, RefundOut, SubscriptionStateOut
from services.ingestion.payment.models import Payment
from services.ingestion.payout.models import Payout
from services.ingestion.refund.models import Refund
from services.ingestion.subscription.models import SubscriptionState
from shared.kernel.money import CurrencyCode
from shared.kernel.periods import start_of_day
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["ledger"])

StripeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:-]{1,250}$")]


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What a list of ledger rows is narrowed to."""

    connection_id: Annotated[UUID | None, Query(description="Only this connection")] = None
    currency: Annotated[CurrencyCode | None, Query(description="Only this currency")] = None
    venture_id: Annotated[UUID | None, Query(description="Only this venture")] = None
    account_id: Annotated[UUID | None, Query(description="Only this account")] = None
    customer_id: Annotated[StripeId | None, Query(description="Only this Stripe customer")] = None
    unlinked: Annotated[bool | None, Query(description="Only rows without an account, or only with one")] = None
    since: Annotated[date | None, Query(description="From this local day on")] = None
    until: Annotated[date | None, Query(description="Before this local day")] = None


Filters = Annotated[LedgerFilter, Depends()]


async def _narrowed(
    call: Call, model: type[LedgerRow], dated_by: InstrumentedAttribute[Any], wanted: LedgerFilter
) -> Select[Any]:
    statement = select(model).where(model.organization_id == call.organization_id)
    for name in ("connection_id", "currency", "venture_id", "account_id", "customer_id"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(model, name) == value)
    if wanted.unlinked is not None:
        statement = statement.where(model.account_id.is_(None) == wanted.unlinked)
    if wanted.since is not None:
        statement = statement.where(dated_by >= await _edge(call, dated_by, wanted.since))
    if wanted.until is not None:
        statement = statement.where(dated_by < await _edge(call, dated_by, wanted.until))
    return statement


async def _edge(call: Call, dated_by: InstrumentedAttribute[Any], day: date) -> date | datetime:
    """Where a local day begins, for a column of days or of instants."""
    if isinstance(dated_by.type, Date) or not date(1, 1, 2) < day < date(9999, 12, 30):
        return day if isinstance(dated_by.type, Date) else datetime(day.year, day.month, day.day, tzinfo=UTC)
    return start_of_day(day, (await call.organization()).time_zone)


@router.get("/ingestion/payments", operation_id="listPayments")
async def list_payments(call: Call, page: PageQuery, wanted: Filters) -> Page[PaymentOut]:
    """Captured payments, the newest first."""
    statement = await _narrowed(call, Payment, Payment.occurred_at, wanted)
    by = [Payment.occurred_at.desc(), Payment.connection_id, Payment.payment_id]
    return await paginate(call.session, statement, page, by=by, into=PaymentOut.of)


@router.get("/ingestion/refunds", operation_id="listRefunds")
async def list_refunds(call: Call, page: PageQuery, wanted: Filters) -> Page[RefundOut]:
    """Refunds, the newest first."""
    statement = await _narrowed(call, Refund, Refund.refunded_at, wanted)
    by = [Refund.refunded_at.desc(), Refund.connection_id, Refund.refund_id]
    return await paginate(call.session, statement, page, by=by, into=RefundOut.of)


@router.get("/ingestion/disputes", operation_id="listDisputes")
async def list_disputes(call: Call, page: PageQuery, wanted: Filters) -> Page[DisputeOut]:
    """Disputes, the newest first."""
    statement = await _narrowed(call, Dispute, Dispute.opened_at, wanted)
    by = [Dispute.opened_at.desc(), Dispute.connection_id, Dispute.dispute_id]
    return await paginate(call.session, statement, page, by=by, into=DisputeOut.of)


@router.get("/ingestion/payouts", operation_id="listPayouts")
async def list_payouts(call: Call, page: PageQuery, wanted: Filters) -> Page[PayoutOut]:
    """Payouts by arrival date, the newest first."""
    statement = await _narrowed(call, Payout, Payout.arrival_date, wanted)
    by = [Payout.arrival_date.desc(), Payout.connection_id, Payout.payout_id]
    return await paginate(call.session, statement, page, by=by, into=PayoutOut.of)


@router.get("/ingestion/subscriptions", operation_id="listSubscriptionStates")
async def list_subscription_states(
    call: Call,
    page: PageQuery,
    wanted: Filters,
    subscription_id: Annotated[StripeId | None, Query(description="Only this subscription")] = None,
) -> Page[SubscriptionStateOut]:
    """The history of subscriptions: one state for each second in which one changed, the newest first."""
    model = SubscriptionState
    statement = await _narrowed(call, model, model.effective_at, wanted)
    if subscription_id is not None:
        statement = statement.where(model.subscription_id == subscription_id)
    by = [model.effective_at.desc(), model.connection_id, model.subscription_id]
    return await paginate(call.session, statement, page, by=by, into=SubscriptionStateOut.of)
