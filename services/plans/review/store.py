"""All SQL of flags."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import store as plans
from services.plans.plan.models import Plan, PlanVersion
from services.plans.review.models import PlanFlagRow
from services.plans.venture.models import Venture
from shared.contracts.plans import PlanFlag
from shared.platform.db.bulk import in_values


async def flag_of(session: AsyncSession, plan: Plan) -> PlanFlagRow | None:
    """The needs_review flag of a plan, if it ever had one."""
    key = (plan.organization_id, plan.id, PlanFlag.NEEDS_REVIEW.value)
    return await session.get(PlanFlagRow, key, populate_existing=True)


async def locked_plans(
    session: AsyncSession, ventures: Collection[tuple[UUID, UUID]]
) -> list[tuple[Plan, PlanVersion, PlanFlagRow | None]]:
    """The current plans of some ventures with their flags; saves of them wait until the transaction ends."""
    wanted = sorted(ventures)
    locking = (
        select(Venture.id)
        .where(in_values((Venture.organization_id, Venture.id), wanted))
        .order_by(Venture.organization_id, Venture.id)
        .with_for_update()
    )
    await session.execute(locking)
    flag_of_plan = and_(
        PlanFlagRow.organization_id == Plan.organization_id,
        PlanFlagRow.plan_id == Plan.id,
        PlanFlagRow.flag == PlanFlag.NEEDS_REVIEW.value,
    )
    statement = (
        plans.current_versions()
        .outerjoin(PlanFlagRow, flag_of_plan)
        .add_columns(PlanFlagRow)
        .where(in_values((Plan.organization_id, Plan.venture_id), wanted))
        .execution_options(populate_existing=True)
    )
    return [(plan, version, flag) for plan, version, flag in await session.execute(statement)]
