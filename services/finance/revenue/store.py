"""All SQL of recurring revenue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Uuid, and_, delete, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.finance.keys import VentureKey, given
from services.finance.revenue.models import RevenueDayRow
from services.finance.revenue.rules import Revenue, RevenueDay
from services.finance.terms import Terms
from shared.platform.db.bulk import bulk_upsert, in_values

_KEY = ("organization_id", "venture_id", "day")

VentureDays = dict[VentureKey, list[RevenueDay]]
"""Revenue days by venture, in order."""


async def days_since(session: AsyncSession, since: Mapping[VentureKey, date], terms: Terms) -> VentureDays:
    """The revenue days of ventures since a day, and the last one before it."""
    keys = given([(*key, day) for key, day in since.items()], organization_id=Uuid(), venture_id=Uuid(), since=Date())
    earlier = aliased(RevenueDayRow)
    last_before = (
        select(func.coalesce(func.max(earlier.day), keys.c.since).label("day"))
        .where(
            earlier.organization_id == keys.c.organization_id,
            earlier.venture_id == keys.c.venture_id,
            earlier.day < keys.c.since,
        )
        .lateral("last_before")
    )
    kept = RevenueDayRow.__table__.c
    statement = (
        select(*kept)
        .select_from(keys)
        .join(last_before, true())
        .join(
            RevenueDayRow,
            and_(
                kept.organization_id == keys.c.organization_id,
                kept.venture_id == keys.c.venture_id,
                kept.day >= last_before.c.day,
            ),
        )
        .order_by(kept.day)
    )
    found: VentureDays = defaultdict(list)
    for row in await session.execute(statement):
        key = VentureKey(row.organization_id, row.venture_id)
        found[key].append(RevenueDay(row.day, _revenue_of(row, terms.currency(row.organization_id))))
    return found


def _revenue_of(row: Row[Any], base_currency: str) -> Revenue:
    amounts = {currency: Decimal(amount) for currency, amount in row.unconverted.items()}
    if row.mrr:
        amounts[base_currency] = row.mrr
    return Revenue(dict(sorted(amounts.items())), row.customers)


async def replace_days(session: AsyncSession, before: VentureDays, after: VentureDays, terms: Terms) -> int:
    """Make the stored days those of ``after``; gives the number of rows that were written or removed."""
    days = {(*key, kept.day) for key, found in after.items() for kept in found}
    gone = sorted((*key, kept.day) for key, found in before.items() for kept in found if (*key, kept.day) not in days)
    known = {(key, kept.day): kept for key, found in before.items() for kept in found}
    rows = [
        _row(key, kept, terms.currency(key.organization_id))
        for key, found in after.items()
        for kept in found
        if known.get((key, kept.day)) != kept
    ]
    if gone:
        columns = [getattr(RevenueDayRow, name) for name in _KEY]
        await session.execute(delete(RevenueDayRow).where(in_values(columns, gone)))
    await bulk_upsert(session, RevenueDayRow, rows, key=_KEY, newer_by=None)
    return len(gone) + len(rows)


def _row(key: VentureKey, kept: RevenueDay, base_currency: str) -> dict[str, object]:
    return key._asdict() | {
        "day": kept.day,
        "mrr": kept.revenue.in_currency(base_currency),
        "unconverted": {
            currency: f"{amount:f}" for currency, amount in kept.revenue.unconverted(base_currency).items()
        },
        "customers": kept.revenue.customers,
    }


async def ventures_of(session: AsyncSession, organization_id: UUID) -> list[VentureKey]:
    """The ventures of an organization that have revenue days."""
    statement = select(RevenueDayRow.venture_id).distinct().where(RevenueDayRow.organization_id == organization_id)
    return [VentureKey(organization_id, venture_id) for venture_id in await session.scalars(statement)]


def since_of(changes: Mapping[VentureKey, Iterable[date]]) -> dict[VentureKey, date]:
    """The first changed day of each venture."""
    return {key: min(days) for key, days in changes.items()}


def split(days: Sequence[RevenueDay], first: date) -> tuple[list[RevenueDay], list[RevenueDay]]:
    """Days before the first changed one, and those from it on."""
    return [kept for kept in days if kept.day < first], [kept for kept in days if kept.day >= first]
