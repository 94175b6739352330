"""What can be done with goals."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.actual.rules import known_metrics
from services.plans.goal import rules, store
from services.plans.goal.models import Goal
from services.plans.plan import store as plans
from services.plans.venture.use_cases import require_open_venture
from shared.contracts.plans import Direction, GoalStatus, GoalUpdated
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit
from shared.platform.db.waiting import eventually
from shared.platform.http.concurrency import Expected, check_version


class GoalState(Conflict):
    """The goal's status or archive does not allow it."""

    code = "goal_state"


_KINDS = {
    rules.GoalAction.REACH: ActivityKind.GOAL_REACHED,
    rules.GoalAction.DROP: ActivityKind.GOAL_DROPPED,
    rules.GoalAction.REOPEN: ActivityKind.GOAL_REOPENED,
}


async def metrics_of(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> dict[str, Direction]:
    """What may be measured in a venture: every kind, and the custom metrics of its current plan."""
    found = await plans.current(session, organization_id, venture_id)
    return known_metrics(() if found is None else found[1].content().targets.custom_metrics)


async def find_goal(session: AsyncSession, organization_id: UUID, venture_id: UUID, goal_id: UUID) -> Goal:
    """A goal of a venture, or ``NotFound``."""
    goal = await store.find(session, organization_id, venture_id, goal_id)
    if goal is None:
        raise _missing()
    return goal


async def create_goal(session: AsyncSession, venture_id: UUID, wanted: dict[str, Any], actor: Actor) -> Goal:
    """Set a goal; ``wanted`` holds values of the table's columns."""
    await require_open_venture(session, actor.organization_id, venture_id)
    goal = Goal(
        organization_id=actor.organization_id,
        id=new_id(),
        venture_id=venture_id,
        version=0,
        status=GoalStatus.OPEN.value,
        created_at=actor.now,
        created_by=actor.user_id,
        archived_at=None,
        **wanted,
    )
    await _check(session, goal, actor, set(wanted))
    session.add(goal)
    return await _changed(session, goal, actor, ActivityKind.GOAL_CREATED)


async def change_goal(
    session: AsyncSession, venture_id: UUID, goal_id: UUID, wanted: dict[str, Any], *, seen: Expected, actor: Actor
) -> Goal:
    """Change some columns of a goal; nothing happens when they already are as wanted."""
    goal = await _locked(session, venture_id, goal_id, seen, actor)
    _refuse_archived(goal)
    changed = [name for name, value in wanted.items() if getattr(goal, name) != value]
    if not changed:
        return goal
    for name in changed:
        setattr(goal, name, wanted[name])
    with session.no_autoflush:
        await _check(session, goal, actor, set(changed))
    return await _changed(session, goal, actor, ActivityKind.GOAL_CHANGED, fields=changed)


async def act_on_goal(
    session: AsyncSession, venture_id: UUID, goal_id: UUID, action: rules.GoalAction, *, seen: Expected, actor: Actor
) -> Goal:
    """Say that a goal is reached, dropped or open again."""
    goal = await _locked(session, venture_id, goal_id, seen, actor)
    _refuse_archived(goal)
    status = GoalStatus(goal.status)
    following = rules.after(status, action)
    if following is None:
        allowed = rules.allowed_actions(status, archived=False)
        raise GoalState(f"The goal is {status.value}.", allowed_actions=allowed)
    goal.status = following.value
    return await _changed(session, goal, actor, _KINDS[action])


async def set_archived(
    session: AsyncSession, venture_id: UUID, goal_id: UUID, *, archived: bool, seen: Expected, actor: Actor
) -> Goal:
    """Hide a goal from lists, or take it back; repeating it changes nothing."""
    goal = await _locked(session, venture_id, goal_id, seen, actor)
    if (goal.archived_at is not None) == archived:
        return goal
    goal.archived_at = actor.now if archived else None
    kind = ActivityKind.GOAL_ARCHIVED if archived else ActivityKind.GOAL_UNARCHIVED
    return await _changed(session, goal, actor, kind)


async def _locked(session: AsyncSession, venture_id: UUID, goal_id: UUID, seen: Expected, actor: Actor) -> Goal:
    await require_open_venture(session, actor.organization_id, venture_id)
    goal = await store.find(session, actor.organization_id, venture_id, goal_id, lock=True)
    if goal is None:
        raise _missing()
    check_version(goal.version, *seen)
    return goal


def _missing() -> NotFound:
    return NotFound("This venture has no goal with this id.")


def _refuse_archived(goal: Goal) -> None:
    if goal.archived_at is not None:
        raise GoalState("The goal is archived; unarchive it first.", allowed_actions=["unarchive"])


async def _check(session: AsyncSession, goal: Goal, actor: Actor, given: set[str]) -> None:
    known = await metrics_of(session, actor.organization_id, goal.venture_id)
    errors = list(rules.measure_objections(goal.metric, goal.target, "target", known))
    owner = goal.owner_id if "owner_id" in given else None
    if owner is not None and owner != actor.user_id and not await _becomes_member(session, actor, owner):
        errors.append(field_error("owner_id", "this user is no member of the organization"))
    if errors:
        raise Invalid("The goal cannot be saved like this.", errors=errors)


async def _becomes_member(session: AsyncSession, actor: Actor, user_id: UUID) -> bool:
    """Whether a user is a member; one that joined just now is waited for."""

    async def known() -> bool | None:
        return await store.is_member(session, actor.organization_id, user_id) or None

    return bool(await eventually(known))


async def _changed(session: AsyncSession, goal: Goal, actor: Actor, kind: ActivityKind, **detail: Any) -> Goal:
    goal.version += 1
    goal.changed_at, goal.changed_by = actor.now, actor.user_id
    await session.flush()
    place = (goal.organization_id, goal.venture_id)
    note(session, place, kind, actor.now, actor.user_id, title=goal.title, goal_id=str(goal.id), **detail)
    state = {name: getattr(goal, name) for name in GoalUpdated.model_fields if name not in {"goal_id", "status"}}
    await emit(session, GoalUpdated(goal_id=goal.id, status=GoalStatus(goal.status), **state))
    return goal
