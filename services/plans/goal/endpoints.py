"""Goals over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.plans.actual.store import actuals_of
from services.plans.goal import store, use_cases
from services.plans.goal.models import Goal
from services.plans.goal.rules import GoalAction
from services.plans.goal.schemas import GoalChange, GoalOut, GoalVersion, NewGoal, ProgressOut, SectionName
from services.plans.plan.endpoints.answers import versions_seen
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import missing_venture
from shared.contracts.identity import Role
from shared.contracts.plans import Direction
from shared.kernel.periods import local_date
from shared.platform.http.call import Call
from shared.platform.http.concurrency import Expected, IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["goals"])

_GOALS = "/ventures/{venture_id}/goals"
_GOAL = _GOALS + "/{goal_id}"


@router.post(_GOALS, needs=Role.MEMBER, status_code=201, operation_id="createGoal")
async def create_goal(venture_id: UUID, body: NewGoal, call: Call) -> GoalOut:
    """Set a goal: a metric with its target, or a title and text; linked to a plan section and a tracker."""
    goal = await use_cases.create_goal(call.session, venture_id, body.model_dump(), call.actor)
    return (await _shown(call, venture_id, [goal]))[0]


@router.get(_GOALS, operation_id="listGoals")
async def list_goals(
    venture_id: UUID,
    call: Call,
    page: PageQuery,
    section: Annotated[SectionName | None, Query(description="Only goals of this plan section")] = None,
    archived: Annotated[bool, Query(description="Show archived ones too")] = False,
) -> Page[GoalOut]:
    """The venture's goals, oldest first, each with its progress."""
    if await ventures.find(call.session, call.organization_id, venture_id) is None:
        raise missing_venture()
    statement = store.listed(call.organization_id, venture_id, archived=archived, section=section)
    found = await paginate(call.session, statement, page, by=[Goal.id], into=lambda goal: goal)
    return Page(items=await _shown(call, venture_id, found.items), next_cursor=found.next_cursor)


@router.get(_GOAL, operation_id="getGoal")
async def get_goal(venture_id: UUID, goal_id: UUID, call: Call) -> GoalOut:
    """One goal."""
    goal = await use_cases.find_goal(call.session, call.organization_id, venture_id, goal_id)
    return (await _shown(call, venture_id, [goal]))[0]


@router.patch(_GOAL, needs=Role.MEMBER, operation_id="updateGoal")
async def update_goal(venture_id: UUID, goal_id: UUID, body: GoalChange, call: Call, if_match: IfMatch) -> GoalOut:
    """Change a goal; members that are left out stay as they are."""
    seen = (if_match, body.version)
    goal = await use_cases.change_goal(call.session, venture_id, goal_id, body.wanted(), seen=seen, actor=call.actor)
    return (await _shown(call, venture_id, [goal]))[0]


@router.post(_GOAL + "/reach", needs=Role.MEMBER, operation_id="reachGoal")
async def reach_goal(
    venture_id: UUID, goal_id: UUID, call: Call, if_match: IfMatch, body: GoalVersion | None = None
) -> GoalOut:
    """Say that the goal is reached."""
    return await _act(call, venture_id, goal_id, GoalAction.REACH, versions_seen(if_match, body))


@router.post(_GOAL + "/drop", needs=Role.MEMBER, operation_id="dropGoal")
async def drop_goal(
    venture_id: UUID, goal_id: UUID, call: Call, if_match: IfMatch, body: GoalVersion | None = None
) -> GoalOut:
    """Give the goal up."""
    return await _act(call, venture_id, goal_id, GoalAction.DROP, versions_seen(if_match, body))


@router.post(_GOAL + "/reopen", needs=Role.MEMBER, operation_id="reopenGoal")
async def reopen_goal(
    venture_id: UUID, goal_id: UUID, call: Call, if_match: IfMatch, body: GoalVersion | None = None
) -> GoalOut:
    """Take a reached or dropped goal up again."""
    return await _act(call, venture_id, goal_id, GoalAction.REOPEN, versions_seen(if_match, body))


@router.post(_GOAL + "/archive", needs=Role.MEMBER, operation_id="archiveGoal")
async def archive_goal(
    venture_id: UUID, goal_id: UUID, call: Call, if_match: IfMatch, body: GoalVersion | None = None
) -> GoalOut:
    """Hide the goal from lists."""
    return await _archive(call, venture_id, goal_id, versions_seen(if_match, body), archived=True)


@router.post(_GOAL + "/unarchive", needs=Role.MEMBER, operation_id="unarchiveGoal")
async def unarchive_goal(
    venture_id: UUID, goal_id: UUID, call: Call, if_match: IfMatch, body: GoalVersion | None = None
) -> GoalOut:
    """Take an archived goal back."""
    return await _archive(call, venture_id, goal_id, versions_seen(if_match, body), archived=False)


async def _act(call: Call, venture_id: UUID, goal_id: UUID, action: GoalAction, seen: Expected) -> GoalOut:
    goal = await use_cases.act_on_goal(call.session, venture_id, goal_id, action, seen=seen, actor=call.actor)
    return (await _shown(call, venture_id, [goal]))[0]


async def _archive(call: Call, venture_id: UUID, goal_id: UUID, seen: Expected, *, archived: bool) -> GoalOut:
    actor = call.actor
    goal = await use_cases.set_archived(call.session, venture_id, goal_id, archived=archived, seen=seen, actor=actor)
    return (await _shown(call, venture_id, [goal]))[0]


async def _shown(call: Call, venture_id: UUID, goals: Sequence[Goal]) -> list[GoalOut]:
    today = local_date(call.now, (await call.organization()).time_zone)
    directions = await use_cases.metrics_of(call.session, call.organization_id, venture_id)
    actuals = await actuals_of(call.session, call.organization_id, venture_id)
    shown = []
    for goal in goals:
        direction = directions.get(goal.metric or "", Direction.MORE_IS_BETTER)
        progress = ProgressOut.of(actuals.get(goal.metric or ""), goal.target, direction)
        shown.append(GoalOut.of(goal, today, progress))
    return shown
