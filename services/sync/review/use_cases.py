"""The monthly review: the month's last comparisons of each venture, kept, and told."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import read
from services.sync.notice.rules import review_notice
from services.sync.notice.use_cases import notify
from services.sync.proposal.use_cases import propose_targets
from services.sync.review.models import MonthlyReview
from services.sync.review.rules import Reviewed, deviating, review, reviewed_month
from services.sync.review.store import last_comparisons, stored_reviews, write_reviews
from services.sync.venture.pages import ventures_after
from services.sync.venture.store import VentureKey
from shared.contracts.sync import PerformanceStatus, ReviewCompleted, ReviewedMetric
from shared.kernel.clock import now, today
from shared.kernel.periods import month_start
from shared.platform.bus.outbox import emit_all
from shared.platform.db.bulk import lock_keys
from shared.platform.jobs.job import Slot, Step


async def review_ventures(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """Review the month before the slot for some ventures; tell of those whose review is new or different."""
    ventures, following = await ventures_after(session, slot.organization.id, cursor, archived=False)
    if not ventures:
        return Step()
    first, last = reviewed_month(slot.day)
    month = f"{first:%Y-%m}"
    # A run by hand may review the same month at the same time.
    await lock_keys(session, "sync.review", [(str(slot.organization.id), month)])
    (compared,) = await read(session, last_comparisons(ventures, first, last))
    stored = await stored_reviews(session, ventures, month)
    at, counts = now(), Counter(ventures=len(ventures))
    rows, notices = [], []
    for venture in ventures:
        found = review(compared[venture])
        counts["lagging"] += found.status is PerformanceStatus.LAGGING
        counts["deviations"] += len(deviating(found.metrics))
        before = stored.get(venture)
        if before is None or _content(before) != found:
            rows.append(_row(venture, month, found, before.revision + 1 if before else 1, at))
        off = deviating(found.metrics)
        notice = review_notice(venture[1], first, found.status, [one for one in found.metrics if one["metric"] in off])
        if notice is not None:
            notices.append((venture[0], notice))
    await write_reviews(session, rows)
    await notify(session, notices)
    await emit_all(session, [_event(row) for row in rows])
    counts["reviews"] = len(rows)
    if last == month_start(today(slot.organization.time_zone)) - timedelta(days=1):
        counts["proposals"] = await propose_targets(session, ventures, last, at)
    return Step(counts, following)


def _content(row: MonthlyReview) -> Reviewed:
    return Reviewed(PerformanceStatus(row.status), row.plan_id, row.plan_version, tuple(row.metrics))


def _row(venture: VentureKey, month: str, found: Reviewed, revision: int, at: datetime) -> dict[str, Any]:
    return {
        "organization_id": venture[0],
        "venture_id": venture[1],
        "month": month,
        "revision": revision,
        "plan_id": found.plan_id,
        "plan_version": found.plan_version,
        "status": found.status.value,
        "metrics": list(found.metrics),
        "reviewed_at": at,
    }


def _event(row: Mapping[str, Any]) -> ReviewCompleted:
    organization_id: UUID = row["organization_id"]
    return ReviewCompleted(
        organization_id=organization_id,
        venture_id=row["venture_id"],
        month=row["month"],
        revision=row["revision"],
        plan_id=row["plan_id"],
        plan_version=row["plan_version"],
        status=PerformanceStatus(row["status"]),
        metrics=tuple(ReviewedMetric.model_validate(one) for one in row["metrics"]),
        reviewed_at=row["reviewed_at"],
    )
