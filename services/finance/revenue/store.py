"""All SQL of recurring revenue."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import VentureKey, key_columns
from services.finance.revenue.models import RevenueDayRow
from services.finance.revenue.rules import Revenue, RevenueDay
from services.finance.terms import Terms
from shared.platform.db.bulk import bulk_put
from shared.platform.db.driver import Statement, later, nothing
from shared.platform.db.whole import columns_of, rows_of

_KEY = ("organization_id", "venture_id", "day")

VentureDays = dict[VentureKey, list[RevenueDay]]
"""Revenue days by venture, in order."""


_DAYS_SINCE = f"""
    SELECT {columns_of(RevenueDayRow, "kept")}
    FROM unnest(%s::uuid[], %s::uuid[], %s::date[]) AS asked (organization_id, venture_id, since)
    CROSS JOIN LATERAL (
        SELECT coalesce(max(earlier.day), asked.since) AS day
        FROM revenue_days earlier
        WHERE earlier.organization_id = asked.organization_id AND earlier.venture_id = asked.venture_id
          AND earlier.day < asked.since
    ) last_before
    JOIN revenue_days kept ON kept.organization_id = asked.organization_id AND kept.venture_id = asked.venture_id
      AND kept.day >= last_before.day
    ORDER BY kept.day
""".encode()  # noqa: S608 - names of declared columns


def days_since(since: Mapping[VentureKey, date]) -> Statement[Sequence[Any]]:
    """The stored revenue days of ventures since a day, and the last one before it, in order of day."""
    parameters = key_columns([(*key, day) for key, day in since.items()], 3)
    return Statement(_DAYS_SINCE, parameters, lambda rows: list(rows_of(RevenueDayRow)(rows)))


def venture_days(rows: Iterable[Any], terms: Terms) -> VentureDays:
    """Stored revenue days (in order of day) as the rules take them."""
    found: VentureDays = defaultdict(list)
    for row in rows:
        key = VentureKey(row.organization_id, row.venture_id)
        found[key].append(RevenueDay(row.day, _revenue_of(row, terms.currency(row.organization_id))))
    return found


def _revenue_of(row: Any, base_currency: str) -> Revenue:
    amounts = {currency: Decimal(amount) for currency, amount in row.unconverted.items()}
    if row.mrr:
        amounts[base_currency] = row.mrr
    return Revenue(dict(sorted(amounts.items())), row.customers)


_FORGET: LiteralString = """
    DELETE FROM revenue_days kept
    USING unnest(%s::uuid[], %s::uuid[], %s::date[]) AS gone (organization_id, venture_id, day)
    WHERE kept.organization_id = gone.organization_id AND kept.venture_id = gone.venture_id AND kept.day = gone.day
"""


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
        await later(session, Statement(_FORGET, key_columns(gone, 3), nothing))
    await bulk_put(session, RevenueDayRow, rows, key=_KEY, newer_by=None)
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
