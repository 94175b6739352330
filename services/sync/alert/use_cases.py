"""Raising, updating, resolving and dismissing alerts."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert import store
from services.sync.alert.rules import Finding, Outlook, Standing, Verdict, is_silent, judge
from services.sync.alert.store import Change, StoredAlert
from services.sync.comparison.store import VENTURE_LOCK, Ground
from services.sync.hot import Reading
from services.sync.notice.use_cases import alert_notice, notify
from services.sync.venture.store import VentureKey
from shared.contracts.sync import (
    AlertDismissed,
    AlertForecast,
    AlertRaised,
    AlertResolved,
    AlertState,
    AlertStatus,
    AlertType,
    AlertUpdated,
    Severity,
)
from shared.kernel.clock import now
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import new_id
from shared.kernel.periods import local_date, month_start
from shared.platform.bus.outbox import emit
from shared.platform.db.bulk import lock_keys

PORTFOLIO_LOCK = "sync.portfolio"
"""Held, by organization, by whoever changes its alert of an unbalanced portfolio."""

AlertKey = tuple[VentureKey, AlertType]


class AlertNotOpen(Conflict):
    """Only an open alert can be dismissed."""

    code = "alert_not_open"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What there is to say about one venture and alert type.

    ``newest``: the day of the newest observation of the kind, for alerts that only that observation may
    raise or resolve; ``dated`` is false for all others.
    """

    finding: Finding | None
    newest: date | None = None
    dated: bool = False


def alerts_to_settle(ground: Ground, ventures: Collection[VentureKey]) -> Reading[list[StoredAlert]]:
    """The stored alerts that ``settle_alerts`` needs to know of some ventures (at least one)."""
    quiet_since = min(ground.open_month(organization) for organization, _venture in ventures)
    return store.standing_alerts(ventures, quiet_since)


async def settle_alerts(
    session: AsyncSession,
    ground: Ground,
    stored: Iterable[StoredAlert],
    evaluations: Mapping[AlertKey, Evaluation],
    causes: Mapping[VentureKey, str | None],
) -> list[AlertState]:
    """Bring the alerts of locked ventures in line with what was found; gives the events that tell of it."""
    months = {venture[0]: ground.open_month(venture[0]) for venture, _type in evaluations}
    standing = _standing(stored, months)
    at = now()
    changes, notices = [], []
    for key, evaluation in evaluations.items():
        venture, _type = key
        before, open_alert = standing.get(key, (Standing(), None))
        if evaluation.dated and is_silent(evaluation.newest, before.said, months[venture[0]]):
            continue
        change = _change(judge(evaluation.finding, before), venture, evaluation.finding, open_alert, at)
        if change is not None:
            changes.append(change)
            notices += alert_notice(change, open_alert)
    await store.write_changes(session, changes)
    await notify(session, notices)
    return [_event(change).caused(causes.get(_venture(change.alert))) for change in changes]


def _venture(alert: StoredAlert) -> VentureKey:
    return alert.organization_id, alert.venture_id


def _standing(
    stored: Iterable[StoredAlert], months: Mapping[UUID, date]
) -> dict[AlertKey, tuple[Standing, StoredAlert | None]]:
    found: dict[AlertKey, tuple[Standing, StoredAlert | None]] = {}
    for alert in stored:
        key = (_venture(alert), alert.finding.type)
        before, open_alert = found.get(key, (Standing(), None))
        if alert.status is AlertStatus.OPEN:
            found[key] = (replace(before, said=alert.finding), alert)
        elif alert.quiet_month is not None and alert.quiet_month >= months[alert.organization_id]:
            quiet = max(before.quiet_up_to or Severity.INFO, alert.finding.severity, key=lambda one: one.rank)
            found[key] = (replace(before, quiet_up_to=quiet), open_alert)
    return found


def _change(
    verdict: Verdict, venture: VentureKey, finding: Finding | None, alert: StoredAlert | None, at: datetime
) -> Change | None:
    if verdict is Verdict.KEEP:
        return None
    if verdict is Verdict.RAISE:
        assert finding is not None
        organization_id, venture_id = venture
        new = StoredAlert(organization_id, new_id(), venture_id, 1, AlertStatus.OPEN, finding, at, at)
        return Change(new, verdict.value)
    assert alert is not None
    changed = replace(alert, version=alert.version + 1, changed_at=at)
    if verdict is Verdict.UPDATE:
        assert finding is not None
        return Change(replace(changed, finding=finding), verdict.value)
    return Change(replace(changed, status=AlertStatus.RESOLVED), verdict.value)


_EVENTS: Mapping[str, type[AlertState]] = {
    "raised": AlertRaised,
    "updated": AlertUpdated,
    "resolved": AlertResolved,
    "dismissed": AlertDismissed,
}


def _event(change: Change) -> AlertState:
    alert, said = change.alert, change.alert.finding
    return _EVENTS[change.change](
        organization_id=alert.organization_id,
        alert_id=alert.id,
        venture_id=alert.venture_id,
        version=alert.version,
        type=said.type,
        severity=said.severity,
        status=alert.status,
        title=said.title,
        message=said.message,
        suggested_action=said.suggested_action,
        related_plan_section=said.related_plan_section,
        metric=said.metric,
        observed_on=said.observed_on,
        variance_pct=said.variance_pct,
        plan_version=said.plan_version,
        raised_at=alert.raised_at,
        changed_at=alert.changed_at,
        forecast=_forecast(said.outlook),
    )


def _forecast(outlook: Outlook | None) -> AlertForecast | None:
    if outlook is None:
        return None
    return AlertForecast(on=outlook.on, value=outlook.value, low=outlook.low, high=outlook.high, growth=outlook.growth)


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Who dismisses an alert, when, and (optionally) why."""

    by: UUID
    at: datetime
    time_zone: str
    reason: str | None = None


async def dismiss_alert(
    session: AsyncSession, organization_id: UUID, alert_id: UUID, dismissal: Dismissal
) -> StoredAlert:
    """Take an open alert off the list; it stays quiet until its severity rises or the next month begins.

    Raises ``NotFound``, or ``AlertNotOpen`` with the allowed actions (none).
    """
    seen = await store.alert_by_id(session, organization_id, alert_id)
    if seen is None:
        raise NotFound("There is no alert with this id in this organization.")
    if seen.type == AlertType.PORTFOLIO_UNBALANCED.value:
        await lock_keys(session, PORTFOLIO_LOCK, [organization_id])
    else:
        await lock_keys(session, VENTURE_LOCK, [(organization_id, seen.venture_id)])
    row = await store.alert_by_id(session, organization_id, alert_id)
    assert row is not None
    alert = store.stored_alert(row)
    if alert.status is not AlertStatus.OPEN:
        raise AlertNotOpen(f"The alert is {alert.status.value}; only an open one is dismissed.", allowed_actions=[])
    dismissed = replace(
        alert,
        version=alert.version + 1,
        status=AlertStatus.DISMISSED,
        changed_at=dismissal.at,
        quiet_month=month_start(local_date(dismissal.at, dismissal.time_zone)),
    )
    change = Change(dismissed, "dismissed", dismissal.by, dismissal.reason)
    await store.write_changes(session, [change])
    await emit(session, _event(change))
    return dismissed
