"""Writing notices, in the transaction of what they tell of."""

from collections.abc import Iterable
from dataclasses import asdict
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.store import Change, StoredAlert
from services.sync.notice import store
from services.sync.notice.rules import NewNotice, told_of
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import MUTED
from shared.platform.bus.wakeups import wake_after_commit

NOTIFIER = "notifier"
"""The role that spreads notices."""


async def notify(session: AsyncSession, notices: Iterable[tuple[UUID, NewNotice]]) -> None:
    """Write what organizations are to be told; who and how is decided after the commit."""
    at = now()
    rows = [asdict(notice) | {"organization_id": of, "id": new_id(), "created_at": at} for of, notice in notices]
    if rows and not session.info.get(MUTED):
        await store.write(session, rows)
        wake_after_commit(session, NOTIFIER)


def alert_notice(change: Change, before: StoredAlert | None) -> list[tuple[UUID, NewNotice]]:
    """What there is to tell of an alert's change; ``before``: the alert as it was."""
    alert, said = change.alert, change.alert.finding
    told = told_of(change.change, said.severity, before.finding.severity if before else None)
    if told is None:
        return []
    notice = NewNotice(
        cause=f"alert:{alert.id}:{alert.version}",
        type=told,
        severity=said.severity,
        title=said.title,
        message=said.message,
        suggested_action=said.suggested_action,
        venture_id=alert.venture_id,
        alert_type=said.type,
        alert_id=alert.id,
        related_plan_section=said.related_plan_section,
        metric=said.metric.value if said.metric else None,
        observed_on=said.observed_on,
        variance_pct=said.variance_pct,
        plan_version=said.plan_version,
    )
    return [(alert.organization_id, notice)]
