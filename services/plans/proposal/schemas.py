"""Request and response bodies of proposals."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.plans.plan.models import PlanVersion
from services.plans.plan.rules import changes_between
from services.plans.proposal.rules import ProposalState, accepted, allowed_actions
from services.plans.proposal.store import Found
from services.plans.proposal.use_cases import standing
from shared.contracts.plans import FieldChange
from shared.contracts.sync import ProposedTargets
from shared.platform.http.bodies import Body, Note


class AcceptBody(Body):
    """Accept proposed targets. ``version`` (or If-Match) is the plan's version that you have seen."""

    version: Annotated[int, Field(strict=True, ge=1, le=2**31 - 1)] | None = None


class DeclineBody(Body):
    """Decline proposed targets, and why."""

    note: Note | None = None


class ProposalOut(BaseModel):
    """Targets that sync proposes. ``changes`` is what accepting would change in the plan as it is now."""

    id: UUID
    venture_id: UUID
    plan_version: int
    state: ProposalState
    targets: ProposedTargets
    reason: str
    months: list[str]
    proposed_at: datetime
    changes: list[FieldChange]
    superseded_by: list[str]
    decided_at: datetime | None
    decided_by: UUID | None
    note: str | None
    accepted_version: int | None
    allowed_actions: list[str]

    @classmethod
    def of(cls, found: Found, current: PlanVersion) -> "ProposalOut":
        """From the rows of the proposal, its decision and plan version, and the plan's current version."""
        proposal, decision, _ = found
        state, superseding = standing(found, current)
        targets = ProposedTargets.model_validate(proposal.targets)
        content = current.content()
        still = state is ProposalState.OPEN
        return cls(
            id=proposal.proposal_id,
            venture_id=proposal.venture_id,
            plan_version=proposal.plan_version,
            state=state,
            targets=targets,
            reason=proposal.reason,
            months=proposal.months,
            proposed_at=proposal.proposed_at,
            changes=list(changes_between(content, accepted(content, targets))) if still else [],
            superseded_by=list(superseding) if state is ProposalState.SUPERSEDED else [],
            decided_at=decision and decision.decided_at,
            decided_by=decision and decision.decided_by,
            note=decision and decision.note,
            accepted_version=decision and decision.plan_version,
            allowed_actions=allowed_actions(state),
        )
