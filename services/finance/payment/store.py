"""All SQL of money facts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, and_, cast, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.payment.models import MoneyFact
from services.finance.payment.rules import MoneyKind, MoneySum, entry_of
from services.finance.terms import Organizations
from shared.contracts.ingestion import LedgerState
from shared.kernel.periods import Period, local_date
from shared.platform.db.bulk import bulk_put, in_values

_KEY = ("organization_id", "connection_id", "kind", "object_id")


async def store_facts(session: AsyncSession, events: Sequence[LedgerState], organizations: Organizations) -> None:
    """Keep the newest version of each payment, refund, dispute and payout."""
    await bulk_put(session, MoneyFact, [_row(event, organizations) for event in events], key=_KEY)


def _row(event: LedgerState, organizations: Organizations) -> dict[str, Any]:
    entry = entry_of(event)
    organization = organizations.get(event.organization_id)
    zone = organization.time_zone if organization else None
    return {
        "organization_id": event.organization_id,
        "connection_id": event.connection_id,
        "kind": entry.kind.value,
        "object_id": entry.object_id,
        "version": event.version,
        "currency": event.currency,
        "amount_minor": entry.amount_minor,
        "fee_minor": entry.fee_minor,
        "counts_at": entry.counts_at,
        "counts_on": entry.counts_on or _day(entry.counts_at, zone),
        "reversed_at": entry.reversed_at,
        "reversed_on": entry.reversed_on or _day(entry.reversed_at, zone),
        "status": entry.status,
        "account_id": event.account_id,
        "venture_id": event.venture_id,
        "customer_id": entry.customer_id,
        "payment_id": entry.payment_id,
        "evidence": list(event.evidence),
    }


def _day(instant: datetime | None, time_zone: str | None) -> date | None:
    return local_date(instant, time_zone) if instant is not None and time_zone is not None else None


async def date_facts(session: AsyncSession, organizations: Organizations) -> None:
    """Give facts their local days that came before their organization's time zone was known."""
    undated = select(MoneyFact).where(
        in_values([MoneyFact.organization_id], [(identity,) for identity in organizations]),
        or_(
            and_(MoneyFact.counts_on.is_(None), MoneyFact.counts_at.is_not(None)),
            and_(MoneyFact.reversed_on.is_(None), MoneyFact.reversed_at.is_not(None)),
        ),
    )
    for fact in await session.scalars(undated):
        zone = organizations[fact.organization_id].time_zone
        fact.counts_on = fact.counts_on or _day(fact.counts_at, zone)
        fact.reversed_on = fact.reversed_on or _day(fact.reversed_at, zone)
    await session.flush()


def listed(
    organization_id: UUID,
    *,
    kind: MoneyKind | None,
    currency: str | None,
    venture_id: UUID | None,
    account_id: UUID | None,
    linked: bool | None,
    since: date | None,
    until: date | None,
) -> Select[MoneyFact]:
    """Money facts that count, with filters on what they are, whose they are, and when they count."""
    statement = select(MoneyFact).where(MoneyFact.organization_id == organization_id, MoneyFact.counts_on.is_not(None))
    wanted = {
        MoneyFact.kind: kind.value if kind else None,
        MoneyFact.currency: currency,
        MoneyFact.venture_id: venture_id,
        MoneyFact.account_id: account_id,
    }
    for column, value in wanted.items():
        if value is not None:
            statement = statement.where(column == value)
    if linked is not None:
        statement = statement.where(MoneyFact.account_id.is_not(None) if linked else MoneyFact.account_id.is_(None))
    if since is not None:
        statement = statement.where(MoneyFact.counts_on >= since)
    if until is not None:
        statement = statement.where(MoneyFact.counts_on <= until)
    return statement


def entries() -> Select[Any]:
    """Every signed entry: each fact on the day it counts, and its reversal with the opposite sign."""
    columns = (
        MoneyFact.organization_id,
        MoneyFact.kind,
        MoneyFact.currency,
        MoneyFact.venture_id,
        MoneyFact.account_id,
    )
    counted = select(*columns, MoneyFact.counts_on.label("day"), MoneyFact.amount_minor.label("minor"))
    taken_back = select(*columns, MoneyFact.reversed_on.label("day"), (-MoneyFact.amount_minor).label("minor"))
    counted, taken_back = (
        part.where(MoneyFact.counts_on.is_not(None), day.is_not(None))
        for part, day in ((counted, MoneyFact.counts_on), (taken_back, MoneyFact.reversed_on))
    )
    return select(union_all(counted, taken_back).subquery("entries"))


async def sums(session: AsyncSession, organization_id: UUID, period: Period, venture_id: UUID | None) -> list[MoneySum]:
    """Sums of the entries of a period by month, currency and kind."""
    entry = entries().subquery()
    month = cast(func.date_trunc(literal("month"), entry.c.day), Date).label("month")
    # Unlinked money counts; how much of it is unlinked travels along.
    unlinked = func.coalesce(func.sum(entry.c.minor).filter(entry.c.account_id.is_(None)), 0)
    statement = (
        select(month, entry.c.currency, entry.c.kind, func.sum(entry.c.minor), unlinked)
        .where(entry.c.organization_id == organization_id, entry.c.day >= period.start, entry.c.day < period.end)
        .group_by(month, entry.c.currency, entry.c.kind)
    )
    if venture_id is not None:
        statement = statement.where(entry.c.venture_id == venture_id)
    return [
        MoneySum(day, currency, MoneyKind(kind), int(minor), int(without))
        for day, currency, kind, minor, without in await session.execute(statement)
    ]
