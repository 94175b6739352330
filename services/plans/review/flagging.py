"""Setting and clearing the flag, and telling it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan.models import Plan
from services.plans.review import store
from services.plans.review.models import PlanFlagRow
from shared.contracts.plans import PlanFlag, PlanFlagged
from shared.platform.bus.outbox import emit


def new_flag(plan: Plan, at: datetime) -> PlanFlagRow:
    """A flag that is not raised and was never told."""
    return PlanFlagRow(
        organization_id=plan.organization_id,
        plan_id=plan.id,
        flag=PlanFlag.NEEDS_REVIEW.value,
        venture_id=plan.venture_id,
        version=0,
        raised=False,
        reason=None,
        month=None,
        month_revision=0,
        plan_version=plan.version,
        changed_at=at,
        changed_by=None,
        reviewed_at=None,
        reviewed_by=None,
    )


async def clear_by_save(session: AsyncSession, plan: Plan, by: UUID, at: datetime) -> None:
    """A saved change answers the flag."""
    row = await store.flag_of(session, plan)
    if row is not None and row.raised:
        row.raised, row.reason = False, None
        await tell(session, plan, row, by=by, at=at, touched_at=at)


async def tell(
    session: AsyncSession, plan: Plan, row: PlanFlagRow, *, by: UUID | None, at: datetime, touched_at: datetime
) -> None:
    """Publish the flag's new state as its next version."""
    row.version += 1
    row.plan_version, row.changed_at, row.changed_by = plan.version, at, by
    session.add(row)
    await emit(
        session,
        PlanFlagged(
            organization_id=plan.organization_id,
            plan_id=plan.id,
            venture_id=plan.venture_id,
            flag=PlanFlag(row.flag),
            version=row.version,
            raised=row.raised,
            reason=row.reason,
            month=row.month,
            plan_version=plan.version,
            changed_at=at,
            changed_by=by,
            touched_at=touched_at,
        ),
    )
