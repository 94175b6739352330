"""All SQL of proposals."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan.models import PlanVersion
from services.plans.proposal.models import Proposal, ProposalDecision
from shared.contracts.sync import ProposalStatus, TargetsProposed
from shared.platform.db.bulk import bulk_upsert

Found = tuple[Proposal, ProposalDecision | None, PlanVersion]
"""A proposal, what was decided about it, and the plan version that it is for."""


async def keep_proposals(session: AsyncSession, events: Iterable[TargetsProposed]) -> None:
    """Keep the newest state of proposals."""
    rows = [
        {
            "organization_id": event.organization_id,
            "proposal_id": event.proposal_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "plan_id": event.plan_id,
            "plan_version": event.plan_version,
            "status": event.status.value,
            "targets": event.targets.model_dump(mode="json", exclude_none=True),
            "reason": event.reason,
            "months": list(event.months),
            "proposed_at": event.proposed_at,
            "changed_at": event.changed_at,
        }
        for event in events
    ]
    await bulk_upsert(session, Proposal, rows, key=("organization_id", "proposal_id"))


def of_venture(organization_id: UUID, venture_id: UUID) -> Select[Proposal, ProposalDecision, PlanVersion]:
    """The proposals of a venture with decision and plan version."""
    decided = and_(
        ProposalDecision.organization_id == Proposal.organization_id,
        ProposalDecision.proposal_id == Proposal.proposal_id,
    )
    proposed_for = and_(
        PlanVersion.organization_id == Proposal.organization_id,
        PlanVersion.plan_id == Proposal.plan_id,
        PlanVersion.version == Proposal.plan_version,
    )
    return (
        select(Proposal, ProposalDecision, PlanVersion)
        .outerjoin(ProposalDecision, decided)
        .join(PlanVersion, proposed_for)
        .where(Proposal.organization_id == organization_id, Proposal.venture_id == venture_id)
    )


async def find(session: AsyncSession, organization_id: UUID, venture_id: UUID, proposal_id: UUID) -> Found | None:
    """One proposal of a venture."""
    statement = of_venture(organization_id, venture_id).where(Proposal.proposal_id == proposal_id)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def waiting(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> int:
    """How many proposals wait for a decision."""
    statement = of_venture(organization_id, venture_id).where(
        Proposal.status == ProposalStatus.OPEN.value, ProposalDecision.proposal_id.is_(None)
    )
    return await session.scalar(select(func.count()).select_from(statement.subquery())) or 0
