"""The daily sync: compare what is newest again, and let what is old be old."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.store import stand_on
from services.sync.comparison.use_cases import Touched, series_of
from services.sync.hot import read
from services.sync.loop.use_cases import Work, derive
from services.sync.plan_version.rules import metrics_of
from services.sync.portfolio.use_cases import look_at_portfolios
from services.sync.projection.rules import LONGEST_LIFE_DAYS
from services.sync.projection.use_cases.aging import age_projections
from services.sync.upkeep.store import series_with_something_to_say
from services.sync.venture.pages import ventures_after
from shared.contracts.finance import is_custom
from shared.kernel.clock import now
from shared.platform.jobs.job import Slot, Step


async def sync_ventures(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """Compare the newest observations of some ventures again; outdate projections older than 30 days.

    ``found`` counts what had to be told: nothing that a delivered event should already have produced, only
    what the calendar changed (a new month, a plan untouched for 90 days).
    """
    ventures, following = await ventures_after(session, slot.organization.id, cursor, archived=False)
    if not ventures:
        return Step()
    if cursor is None:
        await look_at_portfolios(session, [slot.organization.id])
    ground = await stand_on(session, ventures)
    (series,) = await read(session, series_with_something_to_say(ventures))
    for venture in ground.ventures:
        series |= series_of(venture, filter(is_custom, metrics_of(ground.versions.get(venture, ()))))
    found = await derive(session, ground, Work(Touched(series=series)), {})
    aged = await age_projections(session, ground, ventures, now() - timedelta(days=LONGEST_LIFE_DAYS))
    return Step(Counter(ventures=len(ventures), found=found, projections_aged=aged), following)
