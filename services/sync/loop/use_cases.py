"""From facts that came to everything that follows from them, in one transaction.

Always in the same order: store what came, lock the ventures, read, derive (comparisons, then
projections, then alerts), write, tell.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import (
    ALERTS_OF,
    Limits,
    Newest,
    find_deviation,
    find_first_metric,
    find_outdated_projection,
)
from services.sync.alert.use_cases import AlertKey, Evaluation, alerts_to_settle, settle_alerts
from services.sync.alert_limit.store import limits_of
from services.sync.comparison.rules import replanned_from
from services.sync.comparison.store import ORGANIZATION_LOCK, Ground, stand_on, store_and_stand_on
from services.sync.comparison.use_cases import Fresh, Outcome, Touched, compare_touched, everything, series_of
from services.sync.hot import read
from services.sync.loop.occasions import (
    courses_to_targets,
    reached_milestones,
    stale_plans,
    targets_at_risk,
    with_open_milestones,
)
from services.sync.milestone.store import store_milestones
from services.sync.observation.rules import Series
from services.sync.observation.store import Span, observed_series, storing_observations
from services.sync.organization.store import under_another_calendar
from services.sync.plan_version.rules import metrics_of
from services.sync.plan_version.store import StoredVersions, planned_ventures, store_plan_versions
from services.sync.portfolio.use_cases import look_at_portfolios
from services.sync.projection.models import Projection
from services.sync.projection.use_cases import Refreshed, refresh_projections, regenerate
from services.sync.projection.use_cases.making import bears_on_baseline
from services.sync.variance.store import first_actuals
from services.sync.venture.store import VentureKey, known_ventures, store_ventures
from shared.contracts.event import Event
from shared.contracts.finance import MetricKind, MetricObservation
from shared.contracts.plans import MilestoneReached, PlanState, VentureState
from shared.contracts.sync import AlertType
from shared.platform.bus.outbox import MUTED, emit_all
from shared.platform.db.bulk import lock_keys
from shared.platform.tenancy.organizations import organizations_by_id

Causes = dict[VentureKey, str | None]


def causes_of(events: Iterable[MetricObservation | PlanState | VentureState | MilestoneReached]) -> Causes:
    """The trace that each venture's changes continue: that of its last event."""
    return {(event.organization_id, event.venture_id): event.delivery.traceparent for event in events}


def _only_stores(session: AsyncSession) -> bool:
    """Whether a read model is being rebuilt: what is owned and derived stands on the old one until it is swapped."""
    return bool(session.info.get(MUTED))


@dataclass(slots=True)
class Work:
    """What a transaction has to derive again."""

    touched: Touched = field(default_factory=Touched)
    projections: set[VentureKey] = field(default_factory=set)
    milestones: set[VentureKey] = field(default_factory=set)


async def take_in_observations(session: AsyncSession, events: Sequence[MetricObservation]) -> None:
    """Actuals came: compare them, and see to projections and alerts that rest on them."""
    if not events:
        return
    storing = storing_observations(events)
    if _only_stores(session):
        await read(session, storing)
        return
    ventures = {(event.organization_id, event.venture_id) for event in events}
    changed, ground = await store_and_stand_on(session, storing, ventures)
    if not changed:
        return
    work = Work(Touched(days=changed))
    for series, day in changed:
        venture = (series.organization_id, series.venture_id)
        if venture in ground.ventures and bears_on_baseline(ground, series, day):
            work.projections.add(venture)
    await derive(session, ground, work, causes_of(events))


async def take_in_plans(
    session: AsyncSession,
    ventures: Sequence[VentureState],
    plans: Sequence[PlanState],
    milestones: Sequence[MilestoneReached] = (),
) -> None:
    """Ventures, plan versions or milestones came: compare again what they change, mark projections, see to alerts."""
    changed = await store_ventures(session, ventures)
    new = await store_plan_versions(session, plans)
    reached = await store_milestones(session, milestones)
    if not (changed or new or reached) or _only_stores(session):
        return
    ground = await stand_on(session, changed | new.keys() | reached)
    work = Work(_replanned(ground, new), (changed | new.keys()) & ground.ventures, reached & ground.ventures)
    for venture in changed & ground.ventures:
        work.touched.series |= series_of(venture, ALERTS_OF)
    await look_at_portfolios(session, {organization_id for organization_id, _venture in changed & ground.ventures})
    await derive(session, ground, work, causes_of([*ventures, *plans, *milestones]))


def _replanned(ground: Ground, new: StoredVersions) -> Touched:
    touched = Touched()
    for venture in new.keys() & ground.ventures:
        for metric in metrics_of(ground.versions[venture]):
            start = replanned_from(metric, ground.versions[venture], new[venture])
            if start is not None:
                touched.spans.append(Span(Series(*venture, metric), start, date.max))
    return touched


async def take_in_organizations(session: AsyncSession, organization_ids: Collection[UUID]) -> None:
    """Organizations came or changed: facts that waited for them are compared, or compared under a new time zone."""
    if _only_stores(session):
        return
    await lock_keys(session, ORGANIZATION_LOCK, organization_ids)
    organizations = await organizations_by_id(session, organization_ids)
    await derive_all(session, await under_another_calendar(session, organizations.values()))


async def derive_all(session: AsyncSession, organization_ids: Collection[UUID]) -> int:
    """Derive everything of some organizations again from the stored facts; returns how many rows changed."""
    observed = await observed_series(session, organization_ids)
    ventures = {(series.organization_id, series.venture_id) for series in observed}
    ventures |= await planned_ventures(session, organization_ids)
    ventures |= await known_ventures(session, organization_ids)
    if not ventures:
        return 0
    ground = await stand_on(session, ventures)
    series = {one for one in observed if (one.organization_id, one.venture_id) in ground.ventures}
    for venture in ground.ventures:
        series |= series_of(venture, metrics_of(ground.versions.get(venture, ())))
    spans = [everything(one) for one in series]
    return await derive(session, ground, Work(Touched(spans=spans), set(ground.ventures)), {})


async def derive(session: AsyncSession, ground: Ground, work: Work, causes: Causes) -> int:
    """Comparisons, then projections, then alerts of locked ventures; returns how many rows changed."""
    outcome = await compare_touched(session, ground, work.touched, causes)
    refreshed = await refresh_projections(session, ground, work.projections, causes)
    told: list[Event] = [*outcome.events, *refreshed.events]
    told += await _see_to_alerts(session, ground, outcome, refreshed, causes, milestones=work.milestones)
    await look_at_portfolios(session, {one.organization_id for one in outcome.events if one.metric == MetricKind.MRR})
    await emit_all(session, told)
    return len(told)


async def _see_to_alerts(
    session: AsyncSession,
    ground: Ground,
    outcome: Outcome,
    refreshed: Refreshed,
    causes: Causes,
    *,
    milestones: set[VentureKey],
) -> Sequence[Event]:
    alerting = [series for series in outcome.newest if series.metric in ALERTS_OF]
    of_series = {(series.organization_id, series.venture_id) for series in alerting}
    concerned = of_series | refreshed.outdated.keys() | milestones
    if not concerned:
        return ()
    with_mrr = {(one.organization_id, one.venture_id) for one in alerting if one.metric == MetricKind.MRR}
    currencies = {venture: ground.currency(venture[0]) for venture in with_mrr}
    firsts, stored, limits, courses = await read(
        session,
        first_actuals(with_mrr, currencies),
        alerts_to_settle(ground, concerned),
        limits_of(of_series),
        courses_to_targets(ground, outcome),
    )
    evaluations: dict[AlertKey, Evaluation] = outdated_projections(ground, refreshed)
    for series in alerting:
        venture = (series.organization_id, series.venture_id)
        for alert_type in ALERTS_OF[MetricKind(series.metric)]:
            fresh = outcome.newest[series]
            evaluations[venture, alert_type] = _deviation(ground, series, alert_type, fresh, limits[venture])
    for venture in with_mrr:
        first = None if venture in ground.archived else firsts.get(venture)
        finding = find_first_metric(first, ground.open_month(venture[0]))
        evaluations[venture, AlertType.FIRST_METRIC] = Evaluation(finding)
    evaluations |= targets_at_risk(ground, outcome, courses, limits)
    evaluations |= stale_plans(ground, outcome)
    evaluations |= await reached_milestones(session, ground, milestones | (with_open_milestones(stored) & of_series))
    return await settle_alerts(session, ground, stored, evaluations, causes)


def _deviation(
    ground: Ground, series: Series, alert_type: AlertType, fresh: Fresh | None, limits: Limits
) -> Evaluation:
    """What the newest observation of a kind says; nothing when it is older than the open month."""
    if (series.organization_id, series.venture_id) in ground.archived:
        return Evaluation(None)
    if fresh is None:
        return Evaluation(None, None, dated=True)
    finding = None
    if fresh.observed_on >= ground.open_month(series.organization_id):
        plan_version = fresh.promise.plan_version if fresh.promise else None
        newest = Newest(MetricKind(series.metric), fresh.observed_on, fresh.comparison, plan_version, fresh.currency)
        finding = find_deviation(alert_type, newest, limits)
    return Evaluation(finding, fresh.observed_on, dated=True)


async def reconsider_alerts(session: AsyncSession, ventures: Collection[VentureKey]) -> None:
    """What alerts are judged by has changed: look at the newest observations of some ventures again."""
    if not ventures:
        return
    ground = await stand_on(session, ventures)
    series = {one for venture in ground.ventures for one in series_of(venture, ALERTS_OF)}
    await derive(session, ground, Work(Touched(series=series)), {})


def outdated_projections(ground: Ground, refreshed: Refreshed) -> dict[AlertKey, Evaluation]:
    """PROJECTION_OUTDATED for every venture whose projections were looked at."""
    evaluations: dict[AlertKey, Evaluation] = {}
    for venture, outdated in refreshed.outdated.items():
        finding = None
        if outdated is not None and venture not in ground.archived:
            finding = find_outdated_projection(outdated.name, outdated.by.version, outdated.by.changed_fields)
        evaluations[venture, AlertType.PROJECTION_OUTDATED] = Evaluation(finding)
    return evaluations


async def regenerate_projection(
    session: AsyncSession, venture: VentureKey, plan_version: int | None, actor: UUID
) -> Projection:
    """A person asks for a new projection: make it, and resolve the alert that offered it."""
    ground = await stand_on(session, [venture])
    row, refreshed = await regenerate(session, ground, venture, plan_version, actor)
    (stored,) = await read(session, alerts_to_settle(ground, [venture]))
    alerts = await settle_alerts(session, ground, stored, outdated_projections(ground, refreshed), {})
    await emit_all(session, [*refreshed.events, *alerts])
    return row
