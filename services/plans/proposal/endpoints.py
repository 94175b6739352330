"""Proposed targets over HTTP."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import Select

from services.plans.plan.endpoints.answers import one_version, shown
from services.plans.plan.models import PlanVersion
from services.plans.plan.schemas import PlanOut
from services.plans.plan.use_cases.reading import current_plan
from services.plans.proposal import store, use_cases
from services.plans.proposal.models import Proposal, ProposalDecision
from services.plans.proposal.schemas import AcceptBody, DeclineBody, ProposalOut
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["plans"])

_PROPOSALS = "/ventures/{venture_id}/plan/proposals"


@router.get(_PROPOSALS, operation_id="listTargetProposals")
async def list_proposals(venture_id: UUID, call: Call, page: PageQuery) -> Page[ProposalOut]:
    """Targets that sync proposed because actuals left the path for months, newest first."""
    _, current = await current_plan(call.session, call.organization_id, venture_id)

    def into(proposal: Proposal, decision: ProposalDecision | None, version: PlanVersion) -> ProposalOut:
        return ProposalOut.of((proposal, decision, version), current)

    statement = cast("Select[Any]", store.of_venture(call.organization_id, venture_id))
    return await paginate(call.session, statement, page, by=[Proposal.proposal_id.desc()], into=into)


@router.post(_PROPOSALS + "/{proposal_id}/accept", needs=Role.MEMBER, operation_id="acceptTargetProposal")
async def accept_proposal(
    venture_id: UUID, proposal_id: UUID, call: Call, if_match: IfMatch, body: AcceptBody | None = None
) -> PlanOut:
    """Save the proposed targets as a new version of the plan."""
    seen = one_version(if_match, body.version if body else None)
    saved = await use_cases.accept_proposal(call.session, venture_id, proposal_id, seen, call.actor)
    return await shown(call, saved.plan, saved.version)


@router.post(_PROPOSALS + "/{proposal_id}/decline", needs=Role.MEMBER, operation_id="declineTargetProposal")
async def decline_proposal(
    venture_id: UUID, proposal_id: UUID, call: Call, body: DeclineBody | None = None
) -> ProposalOut:
    """Leave the plan's targets as they are."""
    why = body.note if body else None
    found, current = await use_cases.decline_proposal(call.session, venture_id, proposal_id, why, call.actor)
    return ProposalOut.of(found, current)
