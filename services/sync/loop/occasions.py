"""What alerts rest on besides the newest comparison: the months behind it, the plan's age, milestones."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import Destination, Limits, find_milestone, find_stale_plan, find_target_at_risk
from services.sync.alert.rules.trend import TREND_MONTHS
from services.sync.alert.store import StoredAlert
from services.sync.alert.use_cases import AlertKey, Evaluation
from services.sync.comparison.store import Ground
from services.sync.comparison.use_cases import Fresh, Outcome
from services.sync.hot import Reading, read
from services.sync.milestone.store import newest_milestones
from services.sync.observation.history import MonthlyValues, monthly_values
from services.sync.observation.rules import Series
from services.sync.venture.store import VentureKey
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertStatus, AlertType


def _newest_mrr(outcome: Outcome) -> Iterator[tuple[VentureKey, Series, Fresh | None]]:
    for series, fresh in outcome.newest.items():
        if series.metric == MetricKind.MRR:
            yield (series.organization_id, series.venture_id), series, fresh


def courses_to_targets(ground: Ground, outcome: Outcome) -> Reading[MonthlyValues]:
    """MRR at the last month ends of the ventures that are on their way to a target."""
    asked: dict[Series, date] = {}
    for venture, series, fresh in _newest_mrr(outcome):
        if fresh is None or venture in ground.archived or fresh.observed_on < ground.open_month(venture[0]):
            continue
        promise = fresh.promise
        if promise is None or promise.final is None or promise.target_on is None:
            continue
        if fresh.observed_on < promise.target_on:
            asked[series] = fresh.observed_on
    return monthly_values(asked, TREND_MONTHS)


def targets_at_risk(
    ground: Ground, outcome: Outcome, courses: MonthlyValues, limits: Mapping[VentureKey, Limits]
) -> dict[AlertKey, Evaluation]:
    """TARGET_AT_RISK of every venture whose newest MRR was compared."""
    evaluations: dict[AlertKey, Evaluation] = {}
    for venture, series, fresh in _newest_mrr(outcome):
        key = (venture, AlertType.TARGET_AT_RISK)
        if venture in ground.archived:
            evaluations[key] = Evaluation(None)
            continue
        finding = None
        if fresh is not None and series in courses:
            promise = fresh.promise
            assert promise is not None
            assert promise.final is not None
            assert promise.target_on is not None
            way = Destination(promise.final, promise.target_on, promise.plan_version, fresh.currency, courses[series])
            finding = find_target_at_risk(way, limits[venture])
        evaluations[key] = Evaluation(finding, fresh.observed_on if fresh else None, dated=True)
    return evaluations


def stale_plans(ground: Ground, outcome: Outcome) -> dict[AlertKey, Evaluation]:
    """PLAN_STALE of every venture whose newest MRR was compared."""
    evaluations: dict[AlertKey, Evaluation] = {}
    for venture, _series, fresh in _newest_mrr(outcome):
        newest = max(ground.versions.get(venture, ()), key=lambda version: version.version, default=None)
        finding = None
        if fresh is not None and newest is not None and venture not in ground.archived:
            today = ground.today(venture[0])
            finding = find_stale_plan(fresh.comparison.status, newest.version, newest.saved_on, today)
        evaluations[venture, AlertType.PLAN_STALE] = Evaluation(finding)
    return evaluations


def with_open_milestones(stored: Iterable[StoredAlert]) -> set[VentureKey]:
    """Ventures of which an open alert tells of a milestone: a new month ends it."""
    return {
        (alert.organization_id, alert.venture_id)
        for alert in stored
        if alert.status is AlertStatus.OPEN and alert.finding.type is AlertType.MILESTONE_REACHED
    }


async def reached_milestones(
    session: AsyncSession, ground: Ground, ventures: Collection[VentureKey]
) -> dict[AlertKey, Evaluation]:
    """MILESTONE_REACHED of some ventures."""
    if not ventures:
        return {}
    (newest,) = await read(session, newest_milestones(ventures))
    return {
        (venture, AlertType.MILESTONE_REACHED): Evaluation(
            None if venture in ground.archived else find_milestone(newest.get(venture), ground.open_month(venture[0]))
        )
        for venture in ventures
        if venture in ground.ventures
    }
