"""Applying changes to the running revenue of ventures."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import VentureKey
from services.finance.metric import store as metric_store
from services.finance.metric import use_cases as metric
from services.finance.revenue import store
from services.finance.revenue.rules import Changes, changed_days, on_day
from services.finance.terms import Terms


async def apply(
    session: AsyncSession,
    changes: Mapping[VentureKey, Changes],
    known: store.VentureDays,
    calculated: metric_store.Calculated,
    *,
    terms: Terms,
    traces: Mapping[VentureKey, str | None],
) -> None:
    """Add changes to the running sums of their (locked) ventures, from the first changed day on.

    ``known`` are their revenue days since ``history_from`` of that day, ``calculated`` their stored metrics since
    that day; both may begin earlier.
    """
    first = store.since_of(changes)
    history: store.VentureDays = {}
    before: store.VentureDays = {}
    after: store.VentureDays = {}
    for key, moved in changes.items():
        kept, before[key] = store.split(known.get(key, []), first[key])
        after[key] = changed_days(before[key], moved, on_day(kept, first[key]))
        history[key] = kept + after[key]
    await store.replace_days(session, before, after, terms)
    await metric.observe(session, history, calculated, first, terms=terms, traces=traces)
