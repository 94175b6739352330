"""Finding plans, and saying which part of what was asked for is missing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import store
from services.plans.plan.models import Plan, PlanVersion
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import missing_venture
from shared.contracts.finance import MetricKind
from shared.contracts.sync import VarianceComputed
from shared.kernel.errors import NotFound


class PlanMissing(NotFound):
    """The venture has no plan yet."""

    code = "plan_missing"


async def current_plan(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> tuple[Plan, PlanVersion]:
    """The venture's plan and current version; says which of the two is missing."""
    found = await store.current(session, organization_id, venture_id)
    if found is not None:
        return found
    if await ventures.find(session, organization_id, venture_id) is None:
        raise missing_venture()
    raise PlanMissing("This venture has no plan yet. PUT one to this address to begin.")


async def version_of(session: AsyncSession, plan: Plan, version: int) -> PlanVersion:
    """One version of a plan, or ``NotFound``."""
    found = await store.version_of(session, plan, version)
    if found is None:
        raise NotFound(f"The plan has no version {version}; the current one is {plan.version}.")
    return found


async def record_comparisons(session: AsyncSession, comparisons: Sequence[VarianceComputed]) -> None:
    """Keep sync's answer: how each venture's MRR stands against its plan, day by day."""
    await store.store_comparisons(session, (one for one in comparisons if one.metric is MetricKind.MRR))
