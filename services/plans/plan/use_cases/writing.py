"""Writing one version of a plan, and telling it."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import rules, store
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.rules import PlanContent
from services.plans.review.flagging import clear_by_save
from shared.contracts.plans import FieldChange, PlanCreated, PlanStatus, PlanUpdated
from shared.kernel.actor import Actor
from shared.platform.bus.outbox import emit


async def write_version(
    session: AsyncSession,
    plan: Plan,
    content: PlanContent,
    changes: tuple[FieldChange, ...],
    actor: Actor,
    *,
    archiving: bool | None = None,
    **columns: Any,
) -> PlanVersion:
    """The next version of a plan, whose venture is locked; ``columns`` are its label and where it comes from.

    ``archiving`` says that this version archives the plan or takes it back, which changes what it promises.
    """
    plan.version += 1
    session.add(plan)
    complete = rules.completeness(content)
    travelling = rules.shortened(changes)
    row = PlanVersion(
        organization_id=plan.organization_id,
        plan_id=plan.id,
        version=plan.version,
        saved_at=actor.now,
        saved_by=actor.user_id,
        status=rules.status_of(complete, archived=bool(archiving)).value,
        pofw_score=rules.pofw_score(content.strategy),
        completeness_pct=complete.pct,
        financial_change=rules.is_financial(changes) or archiving is not None,
        changes=[change.model_dump(mode="json") for change in travelling],
        archived=bool(archiving),
        **columns,
        **store.as_stored(content),
    )
    session.add(row)
    await session.flush()
    await emit(session, _told(plan, row, content, travelling))
    await clear_by_save(session, plan, actor.user_id, actor.now)
    return row


def _told(
    plan: Plan, row: PlanVersion, content: PlanContent, travelling: tuple[FieldChange, ...]
) -> PlanCreated | PlanUpdated:
    event = PlanCreated if row.version == 1 else PlanUpdated
    return event(
        organization_id=plan.organization_id,
        plan_id=plan.id,
        venture_id=plan.venture_id,
        version=row.version,
        saved_at=row.saved_at,
        saved_by=row.saved_by,
        status=PlanStatus(row.status),
        label=row.label,
        strategy=content.strategy,
        targets=content.targets,
        pofw_score=row.pofw_score,
        completeness_pct=row.completeness_pct,
        financial_change=row.financial_change,
        changes=travelling,
        restored_from=row.restored_from,
        accepted_proposal_id=row.accepted_proposal_id,
    )
