"""The end of a local day: one observation per venture and kind, carried forward if nothing happened.

So a quiet venture is compared with its plan every day too. What is calculated has the figures of the day itself;
what was entered or imported is carried from the newest entry (an override is of its day alone). When something later
changes the past, what was carried from it follows.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.keys import VentureKey, locking_ventures, sharing
from services.finance.metric import store
from services.finance.metric.rules import CALCULATED_KINDS, Said, followed, history_from
from services.finance.metric.use_cases import MetricRow, announce, observe
from services.finance.policy.store import policies
from services.finance.revenue import store as revenue
from services.finance.terms import Terms
from services.finance.venture.models import VentureView
from shared.kernel.clock import now
from shared.platform.db.bulk import lock_keys
from shared.platform.db.driver import run
from shared.platform.jobs.job import Slot, Step

AT_A_TIME = 500


async def end_day(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """End the day before the slot for some ventures: carry forward what nothing happened to."""
    keys, following = await _ventures_after(session, slot, cursor)
    if not keys:
        return Step()
    ended = slot.day - timedelta(days=1)
    calculated, quiet = await _end_calculated(session, slot, keys, ended)
    entered = await _end_entered(session, keys, ended, quiet)
    return Step(Counter(ventures=len(keys), calculated=calculated, entered=entered), following)


async def _ventures_after(session: AsyncSession, slot: Slot, cursor: Any) -> tuple[list[VentureKey], str | None]:
    organization_id = slot.organization.id
    statement = select(VentureView.id).where(
        VentureView.organization_id == organization_id, VentureView.archived_at.is_(None)
    )
    if cursor is not None:
        statement = statement.where(VentureView.id > cursor)
    ids = list(await session.scalars(statement.order_by(VentureView.id).limit(AT_A_TIME)))
    return [VentureKey(organization_id, one) for one in ids], str(ids[-1]) if len(ids) == AT_A_TIME else None


async def _end_calculated(
    session: AsyncSession, slot: Slot, keys: Sequence[VentureKey], ended: date
) -> tuple[int, set[VentureKey]]:
    """Calculated figures of the day; gives how many changed, and the ventures that have none."""
    await run(session, sharing([slot.organization.id]), locking_ventures(keys))
    since = dict.fromkeys(keys, ended)
    chosen, days, calculated = await run(
        session,
        policies([slot.organization.id]),
        revenue.days_since(dict.fromkeys(keys, history_from(ended))),
        store.calculated_since(since),
    )
    terms = Terms({slot.organization.id: slot.organization}, chosen)
    history = revenue.venture_days(days, terms)
    changed = await observe(session, history, calculated, since, terms=terms, traces={}, ended=ended)
    earning = {key for key, kept in history.items() if any(one.day <= ended for one in kept)}
    return changed, set(keys) - earning


async def _end_entered(
    session: AsyncSession, keys: Sequence[VentureKey], ended: date, without_revenue: set[VentureKey]
) -> int:
    """Entered figures: carried from the newest entry of each kind; gives how many were."""
    await lock_keys(session, "finance.entered", [(str(key.organization_id), str(key.venture_id)) for key in keys])
    (newest,) = await run(session, store.newest_entered(keys, ended))
    at = now()
    carried = [
        row
        for row in newest
        if row.observed_on < ended
        and (VentureKey(row.organization_id, row.venture_id) in without_revenue or row.metric not in CALCULATED_KINDS)
    ]
    known = await store.stored(
        session, [(row.organization_id, row.venture_id, row.metric, ended, row.source) for row in carried]
    )
    rows = []
    for row in carried:
        before = known.get((row.organization_id, row.venture_id, row.metric, ended, row.source))
        rows.append(
            dict(row._asdict())
            | {
                "observed_on": ended,
                "revision": before.revision + 1 if before else 1,
                "recorded_at": at,
                "recorded_by": None,
                "carried_from": row.carried_from or row.observed_on,
            }
        )
    await announce(session, rows)
    return len(rows)


async def follow(session: AsyncSession, changed: Sequence[MetricRow], at: datetime) -> None:
    """Entries of a (locked) venture changed: what was carried from them, or past them, says the same."""
    if not changed:
        return
    venture = VentureKey(changed[0]["organization_id"], changed[0]["venture_id"])
    wanted = {(row["metric"], row["source"]) for row in changed}
    by_source: Mapping[tuple[str, str], list[Any]] = defaultdict(list)
    for row in await store.everything_said(session, venture, wanted):
        by_source[row.metric, row.source].append(row)
    rows: list[MetricRow] = []
    for same in by_source.values():
        by_day = {row.observed_on: row for row in same}
        said = [Said(row.observed_on, row.value, row.note, row.withdrawn, row.carried_from) for row in same]
        for other in followed(said):
            before = by_day[other.day]
            rows.append(
                dict(before._asdict())
                | {"value": other.value, "note": other.note, "withdrawn": other.withdrawn}
                | {"carried_from": other.carried_from, "revision": before.revision + 1, "recorded_at": at}
            )
    await announce(session, rows)
