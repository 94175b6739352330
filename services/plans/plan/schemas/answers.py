"""Response bodies of plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.plans.plan.models import PlanComparison, PlanVersion
from services.plans.plan.rules import Completeness, PlanContent, completeness
from shared.contracts.plans import FieldChange, PlanStatus, PlanStrategy, PlanTargets
from shared.contracts.sync import PlanSyncStatus
from shared.kernel.money import Amount, Percent

PlanAction = Literal["save", "tag_investor_ready", "mark_reviewed", "archive", "unarchive"]


class SectionOut(BaseModel):
    """How far one section is filled in, and the goals that hang on it."""

    section: str
    required: bool
    completeness_pct: Percent
    missing: list[str]
    goals: list[UUID]


class RequirementOut(BaseModel):
    """What a status asks for: the required fields that are missing, and whether a person has to say so."""

    status: PlanStatus
    met: bool
    missing: list[str]
    said_by_a_person: bool


class ReviewOut(BaseModel):
    """Whether the plan needs a review, and why. ``month`` is that of the monthly review."""

    needs_review: bool
    reason: str | None = None
    month: str | None = None
    since: datetime | None = None
    reviewed_at: datetime | None = None
    reviewed_by: UUID | None = None


class InvestorVersionOut(BaseModel):
    """The newest version that was tagged as ready for investors."""

    version: int
    label: str | None
    tagged_at: datetime
    tagged_by: UUID


class PofwOut(BaseModel):
    """Problem + Opportunity + Feasibility + Willingness-to-pay, each 0-10; null until all four are set."""

    problem: int | None
    opportunity: int | None
    feasibility: int | None
    willingness_to_pay: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the current version of a plan and is no part of it."""

    comparison: PlanComparison | None = None
    review: ReviewOut = field(default_factory=lambda: ReviewOut(needs_review=False))
    investor_version: InvestorVersionOut | None = None
    proposals_waiting: int = 0
    goals: Mapping[str, list[UUID]] = field(default_factory=dict)


class PlanOut(BaseModel):
    """One version of a plan, whole.

    The members from ``sync_status`` on are about the plan as it is now, and empty for an older version.
    """

    id: UUID
    venture_id: UUID
    version: int
    current: bool
    status: PlanStatus
    label: str | None
    saved_at: datetime
    saved_by: UUID
    restored_from: int | None
    accepted_proposal_id: UUID | None
    investor_ready_at: datetime | None
    strategy: PlanStrategy
    targets: PlanTargets
    pofw: PofwOut
    pofw_score: int | None
    completeness_pct: Percent
    sections: list[SectionOut]
    requirements: list[RequirementOut]
    financial_change: bool
    changed_fields: list[str]
    sync_status: PlanSyncStatus | None = None
    last_synced_at: datetime | None = None
    review: ReviewOut
    investor_version: InvestorVersionOut | None
    proposals_waiting: int
    allowed_actions: list[PlanAction]

    @classmethod
    def of(cls, plan_version: PlanVersion, venture_id: UUID, beside: Beside | None = None) -> "PlanOut":
        """From the row; ``beside`` is given for the current version only."""
        content = plan_version.content()
        complete = completeness(content)
        current, beside = beside is not None, beside or Beside()
        comparison = beside.comparison
        return cls(
            id=plan_version.plan_id,
            venture_id=venture_id,
            version=plan_version.version,
            current=current,
            status=PlanStatus(plan_version.status),
            label=plan_version.label,
            saved_at=plan_version.saved_at,
            saved_by=plan_version.saved_by,
            restored_from=plan_version.restored_from,
            accepted_proposal_id=plan_version.accepted_proposal_id,
            investor_ready_at=plan_version.investor_ready_at,
            strategy=content.strategy,
            targets=content.targets,
            pofw=_pofw(content, plan_version.pofw_score),
            pofw_score=plan_version.pofw_score,
            completeness_pct=complete.pct,
            sections=_sections(complete, beside.goals),
            requirements=_requirements(plan_version, complete),
            financial_change=plan_version.financial_change,
            changed_fields=plan_version.changed_fields(),
            sync_status=comparison.sync_status() if comparison else None,
            last_synced_at=comparison.computed_at if comparison else None,
            review=beside.review,
            investor_version=beside.investor_version,
            proposals_waiting=beside.proposals_waiting,
            allowed_actions=_actions(plan_version, complete) if current else [],
        )


def _actions(version: PlanVersion, complete: Completeness) -> list[PlanAction]:
    if version.archived:
        return ["unarchive"]
    taggable = not complete.missing and version.investor_ready_at is None
    tag: list[PlanAction] = ["tag_investor_ready"] if taggable else []
    return ["save", *tag, "mark_reviewed", "archive"]


def _requirements(version: PlanVersion, complete: Completeness) -> list[RequirementOut]:
    """COMPLETE comes by itself; INVESTOR_READY asks for the same, and for a person who says so."""
    missing = list(complete.missing)
    tagged = version.investor_ready_at is not None
    return [
        RequirementOut(status=PlanStatus.COMPLETE, met=not missing, missing=missing, said_by_a_person=False),
        RequirementOut(
            status=PlanStatus.INVESTOR_READY, met=not missing and tagged, missing=missing, said_by_a_person=True
        ),
    ]


def _pofw(content: PlanContent, total: int | None) -> PofwOut:
    strategy = content.strategy
    return PofwOut(
        problem=strategy.problem_score,
        opportunity=strategy.opportunity_score,
        feasibility=strategy.feasibility_score,
        willingness_to_pay=strategy.willingness_to_pay_score,
        total=total,
    )


def _sections(complete: Completeness, goals: Mapping[str, list[UUID]]) -> list[SectionOut]:
    return [
        SectionOut(
            section=section.name,
            required=section.required,
            completeness_pct=section.pct,
            missing=list(section.missing),
            goals=goals.get(section.name, []),
        )
        for section in complete.sections
    ]


class PlanVersionOut(BaseModel):
    """One version of a plan, in short."""

    version: int
    status: PlanStatus
    label: str | None
    saved_at: datetime
    saved_by: UUID
    restored_from: int | None
    investor_ready_at: datetime | None
    pofw_score: int | None
    completeness_pct: Percent
    financial_change: bool
    changed_fields: list[str]
    target_mrr: Amount | None
    target_arr: Amount | None
    target_customers: int | None
    target_date: date | None

    @classmethod
    def of(cls, row: PlanVersion) -> "PlanVersionOut":
        """From the version's row."""
        targets = PlanTargets.model_validate(row.targets)
        return cls(
            version=row.version,
            status=PlanStatus(row.status),
            label=row.label,
            saved_at=row.saved_at,
            saved_by=row.saved_by,
            restored_from=row.restored_from,
            investor_ready_at=row.investor_ready_at,
            pofw_score=row.pofw_score,
            completeness_pct=row.completeness_pct,
            financial_change=row.financial_change,
            changed_fields=row.changed_fields(),
            target_mrr=targets.target_mrr,
            target_arr=targets.target_arr,
            target_customers=targets.target_customers,
            target_date=targets.target_date,
        )


class PlanDiffOut(BaseModel):
    """What changed from one version to another, field by field."""

    venture_id: UUID
    from_version: int
    to_version: int
    financial_change: bool
    changes: list[FieldChange]
