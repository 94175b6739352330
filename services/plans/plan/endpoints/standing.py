"""What people say of the plan as it is: ready for investors, reviewed, archived."""

from uuid import UUID

from services.plans.plan.endpoints.answers import PLAN, one_version, shown
from services.plans.plan.schemas import InvestorReadyBody, PlanOut, StandingBody
from services.plans.plan.use_cases import standing
from services.plans.review.use_cases import mark_reviewed
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])


@router.post(PLAN + "/investor-ready", needs=Role.MEMBER, operation_id="tagPlanInvestorReady")
async def tag_plan_investor_ready(
    venture_id: UUID, call: Call, if_match: IfMatch, body: InvestorReadyBody | None = None
) -> PlanOut:
    """Tag the current version as ready for investors: every required section and target must be there.

    The tag stays with the version; a later change makes a version that is COMPLETE again.
    """
    wanted = body or InvestorReadyBody()
    seen = one_version(if_match, wanted.version)
    saved = await standing.tag_investor_ready(call.session, venture_id, wanted.label, seen, call.actor)
    return await shown(call, saved.plan, saved.version)


@router.post(PLAN + "/reviewed", needs=Role.MEMBER, operation_id="markPlanReviewed")
async def mark_plan_reviewed(
    venture_id: UUID, call: Call, if_match: IfMatch, body: StandingBody | None = None
) -> PlanOut:
    """Say that you have reviewed the plan and leave it as it is: clears needs_review."""
    seen = one_version(if_match, body.version if body else None)
    return await shown(call, *await mark_reviewed(call.session, venture_id, seen, call.actor))


@router.post(PLAN + "/archive", needs=Role.ADMIN, operation_id="archivePlan")
async def archive_plan(venture_id: UUID, call: Call, if_match: IfMatch, body: StandingBody | None = None) -> PlanOut:
    """Archive the plan: it promises nothing any more. Nothing is lost; it can be taken back."""
    return await _archived(venture_id, call, one_version(if_match, body.version if body else None), archived=True)


@router.post(PLAN + "/unarchive", needs=Role.ADMIN, operation_id="unarchivePlan")
async def unarchive_plan(venture_id: UUID, call: Call, if_match: IfMatch, body: StandingBody | None = None) -> PlanOut:
    """Take an archived plan back."""
    return await _archived(venture_id, call, one_version(if_match, body.version if body else None), archived=False)


async def _archived(venture_id: UUID, call: Call, seen: int | None, *, archived: bool) -> PlanOut:
    actor = call.actor
    saved = await standing.set_archived(call.session, venture_id, archived=archived, seen=seen, actor=actor)
    return await shown(call, saved.plan, saved.version)
