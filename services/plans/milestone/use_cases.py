"""What can be done with milestones."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.actual.store import actuals_of
from services.plans.goal.rules import measure_objections
from services.plans.goal.use_cases import metrics_of
from services.plans.milestone import rules, store
from services.plans.milestone.models import Milestone
from services.plans.venture.use_cases import require_open_venture
from shared.contracts.plans import Direction, MilestoneReached
from shared.contracts.sync import MetricComparison
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit
from shared.platform.http.concurrency import Expected, check_version

_MEASURE = frozenset({"metric", "threshold", "direction"})


class MilestoneState(Conflict):
    """The milestone is reached or archived."""

    code = "milestone_state"


async def find_milestone(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, milestone_id: UUID
) -> Milestone:
    """A milestone of a venture, or ``NotFound``."""
    milestone = await store.find(session, organization_id, venture_id, milestone_id)
    if milestone is None:
        raise _missing()
    return milestone


async def create_milestone(
    session: AsyncSession, venture_id: UUID, wanted: dict[str, Any], today: date, actor: Actor
) -> Milestone:
    """Set a milestone; one that the newest actual has reached already is reached at once."""
    await require_open_venture(session, actor.organization_id, venture_id)
    known = await metrics_of(session, actor.organization_id, venture_id)
    _check(wanted.get("metric"), wanted.get("threshold"), known)
    direction = wanted.pop("direction", None) or known.get(wanted.get("metric") or "", Direction.MORE_IS_BETTER)
    milestone = Milestone(
        organization_id=actor.organization_id,
        id=new_id(),
        venture_id=venture_id,
        version=1,
        direction=direction.value,
        counts_from=today,
        created_at=actor.now,
        created_by=actor.user_id,
        **wanted,
    )
    session.add(milestone)
    await session.flush()
    _note(session, milestone, ActivityKind.MILESTONE_CREATED, actor.now, actor.user_id)
    await _reach_by_newest(session, milestone, actor)
    return milestone


async def change_milestone(
    session: AsyncSession, venture_id: UUID, milestone_id: UUID, wanted: dict[str, Any], *, seen: Expected, actor: Actor
) -> Milestone:
    """Change some columns of a milestone. What it measures is fixed once it is reached."""
    milestone = await _locked(session, venture_id, milestone_id, seen, actor)
    _refuse_archived(milestone)
    changed = {name: value for name, value in wanted.items() if getattr(milestone, name) != value}
    if not changed:
        return milestone
    if milestone.reached_on is not None and _MEASURE & changed.keys():
        allowed = rules.allowed_actions(reached=True, archived=False)
        raise MilestoneState("The milestone is reached; what it measures stays.", allowed_actions=allowed)
    measure = [changed.get(name, getattr(milestone, name)) for name in ("metric", "threshold")]
    _check(measure[0], measure[1], await metrics_of(session, actor.organization_id, venture_id))
    for name, value in changed.items():
        setattr(milestone, name, value)
    milestone.version += 1
    await session.flush()
    _note(session, milestone, ActivityKind.MILESTONE_CHANGED, actor.now, actor.user_id, fields=list(changed))
    await _reach_by_newest(session, milestone, actor)
    return milestone


async def reach_milestone(
    session: AsyncSession, venture_id: UUID, milestone_id: UUID, on: date, *, today: date, seen: Expected, actor: Actor
) -> Milestone:
    """A person says that a milestone was reached, on a day that is not in the future."""
    milestone = await _locked(session, venture_id, milestone_id, seen, actor)
    _refuse_archived(milestone)
    if milestone.reached_on is not None:
        allowed = rules.allowed_actions(reached=True, archived=False)
        raise MilestoneState(f"It was reached on {milestone.reached_on}.", allowed_actions=allowed)
    if on > today:
        raise Invalid("The day lies in the future.", errors=[field_error("reached_on", "a day up to today")])
    await _reach(session, milestone, on, at=actor.now, by=actor.user_id)
    return milestone


async def set_archived(
    session: AsyncSession, venture_id: UUID, milestone_id: UUID, *, archived: bool, seen: Expected, actor: Actor
) -> Milestone:
    """Hide a milestone from lists, or take it back; an archived one is not reached by actuals."""
    milestone = await _locked(session, venture_id, milestone_id, seen, actor)
    if (milestone.archived_at is not None) == archived:
        return milestone
    milestone.archived_at = actor.now if archived else None
    milestone.version += 1
    await session.flush()
    kind = ActivityKind.MILESTONE_ARCHIVED if archived else ActivityKind.MILESTONE_UNARCHIVED
    _note(session, milestone, kind, actor.now, actor.user_id)
    await _reach_by_newest(session, milestone, actor)
    return milestone


async def reach_by_actuals(session: AsyncSession, comparisons: Sequence[MetricComparison], at: datetime) -> None:
    """Actuals came: reach what they reach, each milestone once."""
    actuals: dict[store.MetricOf, list[rules.Actual]] = defaultdict(list)
    for one in comparisons:
        if not one.withdrawn:
            key = (one.organization_id, one.venture_id, str(one.metric))
            actuals[key].append(rules.Actual(one.observed_on, one.actual))
    candidates = {_key(row) for row in await store.waiting(session, actuals) if _reached_by(row, actuals[_key(row)])}
    if not candidates:
        return
    for milestone in await store.waiting_locked(session, candidates):
        actual = _reached_by(milestone, actuals[_key(milestone)])
        if actual is not None:
            await _reach(session, milestone, actual.observed_on, actual=actual, at=at)


def _key(milestone: Milestone) -> store.MetricOf:
    assert milestone.metric is not None
    return milestone.organization_id, milestone.venture_id, milestone.metric


def _reached_by(milestone: Milestone, actuals: Sequence[rules.Actual]) -> rules.Actual | None:
    assert milestone.threshold is not None
    wanted = rules.Wanted(milestone.threshold, Direction(milestone.direction), milestone.counts_from)
    return rules.reached_by(wanted, actuals)


async def _reach_by_newest(session: AsyncSession, milestone: Milestone, actor: Actor) -> None:
    """Hold a milestone against the newest actual, whatever its day: it may be reached already."""
    if milestone.metric is None or milestone.reached_on is not None or milestone.archived_at is not None:
        return
    # Locked: an actual that is being stored right now is either seen here, or sees the milestone.
    known = await actuals_of(session, milestone.organization_id, milestone.venture_id, lock=True)
    newest = known.get(milestone.metric)
    if newest is None:
        return
    assert milestone.threshold is not None
    wanted = rules.Wanted(milestone.threshold, Direction(milestone.direction), newest.observed_on)
    actual = rules.reached_by(wanted, [rules.Actual(newest.observed_on, newest.value)])
    if actual is not None:
        await _reach(session, milestone, actual.observed_on, actual=actual, at=actor.now)


async def _reach(
    session: AsyncSession,
    milestone: Milestone,
    on: date,
    *,
    actual: rules.Actual | None = None,
    at: datetime,
    by: UUID | None = None,
) -> None:
    milestone.reached_on, milestone.reached_at, milestone.reached_by = on, at, by
    milestone.reached_actual = actual.value if actual else None
    milestone.version += 1
    await session.flush()
    _note(session, milestone, ActivityKind.MILESTONE_REACHED, at, by, reached_on=on.isoformat())
    await emit(
        session,
        MilestoneReached(
            organization_id=milestone.organization_id,
            milestone_id=milestone.id,
            venture_id=milestone.venture_id,
            name=milestone.name,
            metric=milestone.metric,
            threshold=milestone.threshold,
            actual=milestone.reached_actual,
            due_on=milestone.due_on,
            reached_on=on,
            reached_at=at,
            reached_by=by,
        ),
    )


async def _locked(
    session: AsyncSession, venture_id: UUID, milestone_id: UUID, seen: Expected, actor: Actor
) -> Milestone:
    await require_open_venture(session, actor.organization_id, venture_id)
    # Actuals first, then milestones: the order in which events lock them.
    await actuals_of(session, actor.organization_id, venture_id, lock=True)
    milestone = await store.find(session, actor.organization_id, venture_id, milestone_id, lock=True)
    if milestone is None:
        raise _missing()
    check_version(milestone.version, *seen)
    return milestone


def _refuse_archived(milestone: Milestone) -> None:
    if milestone.archived_at is not None:
        raise MilestoneState("The milestone is archived; unarchive it first.", allowed_actions=["unarchive"])


def _check(metric: str | None, threshold: Any, known: dict[str, Direction]) -> None:
    if errors := list(measure_objections(metric, threshold, "threshold", known)):
        raise Invalid("The milestone cannot be saved like this.", errors=errors)


def _note(
    session: AsyncSession, milestone: Milestone, kind: ActivityKind, at: datetime, by: UUID | None, **detail: Any
) -> None:
    place = (milestone.organization_id, milestone.venture_id)
    note(session, place, kind, at, by, name=milestone.name, milestone_id=str(milestone.id), **detail)


def _missing() -> NotFound:
    return NotFound("This venture has no milestone with this id.")
