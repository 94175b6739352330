"""Counting a venture's revenue again from all of its spans, not from differences."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import VentureKey
from services.finance.metric import use_cases as metric
from services.finance.metric.store import calculated_since, observed_ventures
from services.finance.revenue import store
from services.finance.revenue.rules import NOTHING, changed_days, revenue_changes
from services.finance.subscription.store import spans_of
from services.finance.terms import Terms
from shared.platform.db.driver import run

_ALWAYS = date.min


async def recompute(session: AsyncSession, organization_id: UUID, terms: Terms) -> int:
    """Make revenue days and calculated metrics what the spans say; gives how many rows moved."""
    spans = await spans_of(session, organization_id)
    changes = revenue_changes([], spans, [])
    known_ventures = {*await store.ventures_of(session, organization_id)}
    known_ventures |= {*await observed_ventures(session, organization_id)}
    keys = sorted(known_ventures | {VentureKey(organization_id, venture_id) for venture_id in changes})
    if not keys:
        return 0
    # Figures begin a month and a day after the calendar does, so that each has a month before it.
    since = dict.fromkeys(keys, date(1900, 1, 1))
    days, calculated = await run(session, store.days_since(dict.fromkeys(keys, _ALWAYS)), calculated_since(since))
    known = store.venture_days(days, terms)
    before = {key: known.get(key, []) for key in keys}
    after = {key: changed_days([], changes.get(key.venture_id, {}), NOTHING) for key in keys}
    moved = await store.replace_days(session, before, after, terms)
    return moved + await metric.observe(session, after, calculated, since, terms=terms, traces={})
