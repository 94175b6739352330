"""Deciding about proposed targets. Nothing is ever applied by itself."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.use_cases.saving import Save, Saved, lock_plan, refuse_archived, save_plan
from services.plans.proposal import rules, store
from services.plans.proposal.models import DecisionKind, ProposalDecision
from shared.contracts.sync import ProposedTargets
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, NotFound


class ProposalClosed(Conflict):
    """The proposal no longer waits for a decision, or no longer fits the plan."""

    code = "proposal_closed"


async def accept_proposal(
    session: AsyncSession, venture_id: UUID, proposal_id: UUID, seen: int | None, actor: Actor
) -> Saved:
    """Save the proposed targets as a new version of the plan.

    Raises ``ProposalClosed`` when it was decided, withdrawn, or the plan's targets have changed since,
    ``StaleVersion`` when the plan is not the version that the person has seen.
    """
    plan, current, found = await _waiting(session, venture_id, proposal_id, "accept", actor)
    content = rules.accepted(current.content(), ProposedTargets.model_validate(found[0].targets))
    base = plan.version if seen is None else seen
    save = Save(content, base_version=base, accepted_proposal_id=proposal_id)
    saved = await save_plan(session, venture_id, save, actor)
    _decide(session, proposal_id, DecisionKind.ACCEPTED, actor, version=saved.version.version)
    place = (plan.organization_id, venture_id)
    detail = {"version": saved.version.version, "proposal_id": str(proposal_id)}
    note(session, place, ActivityKind.TARGETS_ACCEPTED, actor.now, actor.user_id, **detail)
    return saved


async def decline_proposal(
    session: AsyncSession, venture_id: UUID, proposal_id: UUID, why: str | None, actor: Actor
) -> tuple[store.Found, PlanVersion]:
    """Leave the targets as they are; returns the proposal as it is now, and the plan's current version."""
    plan, current, found = await _waiting(session, venture_id, proposal_id, "decline", actor)
    decision = _decide(session, proposal_id, DecisionKind.DECLINED, actor, why=why)
    place = (plan.organization_id, venture_id)
    note(session, place, ActivityKind.TARGETS_DECLINED, actor.now, actor.user_id, proposal_id=str(proposal_id))
    return (found[0], decision, found[2]), current


async def _waiting(
    session: AsyncSession, venture_id: UUID, proposal_id: UUID, action: str, actor: Actor
) -> tuple[Plan, PlanVersion, store.Found]:
    plan, current = await lock_plan(session, venture_id, actor)
    refuse_archived(current)
    found = await store.find(session, actor.organization_id, venture_id, proposal_id)
    if found is None:
        raise NotFound("This venture has no proposal with this id.")
    state, superseding = standing(found, current)
    allowed = rules.allowed_actions(state)
    if action not in allowed:
        raise ProposalClosed(
            f"The proposal is {state.value}.", allowed_actions=allowed, changed_fields=list(superseding)
        )
    return plan, current, found


def standing(found: store.Found, current: PlanVersion) -> tuple[rules.ProposalState, tuple[str, ...]]:
    """Where a proposal stands, and the fields that changed since it was made."""
    proposal, decision, proposed_for = found
    superseding = rules.superseded_by(proposed_for.content(), current.content())
    return rules.state_of(proposal.status, decision.decision if decision else None, superseding), superseding


def _decide(
    session: AsyncSession,
    proposal_id: UUID,
    decision: DecisionKind,
    actor: Actor,
    *,
    why: str | None = None,
    version: int | None = None,
) -> ProposalDecision:
    row = ProposalDecision(
        organization_id=actor.organization_id,
        proposal_id=proposal_id,
        decision=decision.value,
        decided_at=actor.now,
        decided_by=actor.user_id,
        note=why,
        plan_version=version,
    )
    session.add(row)
    return row
