"""Milestones over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.plans.actual.store import actuals_of
from services.plans.goal.schemas import ProgressOut
from services.plans.milestone import store, use_cases
from services.plans.milestone.models import Milestone
from services.plans.milestone.schemas import MilestoneChange, MilestoneOut, MilestoneVersion, NewMilestone, ReachBody
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

router = TenantRouter(tags=["milestones"])

_MILESTONES = "/ventures/{venture_id}/milestones"
_MILESTONE = _MILESTONES + "/{milestone_id}"


@router.post(_MILESTONES, needs=Role.MEMBER, status_code=201, operation_id="createMilestone")
async def create_milestone(venture_id: UUID, body: NewMilestone, call: Call) -> MilestoneOut:
    """Set a milestone. With a metric, actuals dated today or later reach it, and what already is reaches it now."""
    today = await _today(call)
    milestone = await use_cases.create_milestone(call.session, venture_id, body.model_dump(), today, call.actor)
    return await _one(call, milestone)


@router.get(_MILESTONES, operation_id="listMilestones")
async def list_milestones(
    venture_id: UUID,
    call: Call,
    page: PageQuery,
    archived: Annotated[bool, Query(description="Show archived ones too")] = False,
) -> Page[MilestoneOut]:
    """The venture's milestones, oldest first, each with its progress."""
    if await ventures.find(call.session, call.organization_id, venture_id) is None:
        raise missing_venture()
    statement = store.listed(call.organization_id, venture_id, archived=archived)
    found = await paginate(call.session, statement, page, by=[Milestone.id], into=lambda milestone: milestone)
    return Page(items=await _shown(call, venture_id, found.items), next_cursor=found.next_cursor)


@router.get(_MILESTONE, operation_id="getMilestone")
async def get_milestone(venture_id: UUID, milestone_id: UUID, call: Call) -> MilestoneOut:
    """One milestone."""
    return await _one(
        call, await use_cases.find_milestone(call.session, call.organization_id, venture_id, milestone_id)
    )


@router.patch(_MILESTONE, needs=Role.MEMBER, operation_id="updateMilestone")
async def update_milestone(
    venture_id: UUID, milestone_id: UUID, body: MilestoneChange, call: Call, if_match: IfMatch
) -> MilestoneOut:
    """Change a milestone; members that are left out stay. What it measures is fixed once it is reached."""
    seen = (if_match, body.version)
    milestone = await use_cases.change_milestone(
        call.session, venture_id, milestone_id, body.wanted(), seen=seen, actor=call.actor
    )
    return await _one(call, milestone)


@router.post(_MILESTONE + "/reach", needs=Role.MEMBER, operation_id="reachMilestone")
async def reach_milestone(
    venture_id: UUID, milestone_id: UUID, call: Call, if_match: IfMatch, body: ReachBody | None = None
) -> MilestoneOut:
    """Say that the milestone was reached. This is told once and stays."""
    given, today = body or ReachBody(), await _today(call)
    seen = (if_match, given.version)
    on = given.reached_on or today
    milestone = await use_cases.reach_milestone(
        call.session, venture_id, milestone_id, on, today=today, seen=seen, actor=call.actor
    )
    return await _one(call, milestone)


@router.post(_MILESTONE + "/archive", needs=Role.MEMBER, operation_id="archiveMilestone")
async def archive_milestone(
    venture_id: UUID, milestone_id: UUID, call: Call, if_match: IfMatch, body: MilestoneVersion | None = None
) -> MilestoneOut:
    """Hide the milestone from lists; actuals no longer reach it."""
    return await _archive(call, venture_id, milestone_id, versions_seen(if_match, body), archived=True)


@router.post(_MILESTONE + "/unarchive", needs=Role.MEMBER, operation_id="unarchiveMilestone")
async def unarchive_milestone(
    venture_id: UUID, milestone_id: UUID, call: Call, if_match: IfMatch, body: MilestoneVersion | None = None
) -> MilestoneOut:
    """Take an archived milestone back."""
    return await _archive(call, venture_id, milestone_id, versions_seen(if_match, body), archived=False)


async def _archive(call: Call, venture_id: UUID, milestone_id: UUID, seen: Expected, *, archived: bool) -> MilestoneOut:
    milestone = await use_cases.set_archived(
        call.session, venture_id, milestone_id, archived=archived, seen=seen, actor=call.actor
    )
    return await _one(call, milestone)


async def _today(call: Call) -> date:
    return local_date(call.now, (await call.organization()).time_zone)


async def _one(call: Call, milestone: Milestone) -> MilestoneOut:
    return (await _shown(call, milestone.venture_id, [milestone]))[0]


async def _shown(call: Call, venture_id: UUID, milestones: Sequence[Milestone]) -> list[MilestoneOut]:
    today = await _today(call)
    actuals = await actuals_of(call.session, call.organization_id, venture_id)
    shown = []
    for milestone in milestones:
        actual = actuals.get(milestone.metric or "")
        progress = ProgressOut.of(actual, milestone.threshold, Direction(milestone.direction))
        shown.append(MilestoneOut.of(milestone, today, progress))
    return shown
