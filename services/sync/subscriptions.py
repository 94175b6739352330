"""What sync does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.loop import use_cases as loop
from shared.contracts.finance import MetricCreated
from shared.contracts.plans import MilestoneReached, PlanState, VentureState
from shared.platform.bus.subscription import Batch, Subscription


async def on_plans(session: AsyncSession, batch: Batch) -> None:
    """What is promised has changed."""
    await loop.take_in_plans(session, batch.of(VentureState), batch.of(PlanState), batch.of(MilestoneReached))


async def on_finance(session: AsyncSession, batch: Batch) -> None:
    """What came true has changed."""
    await loop.take_in_observations(session, batch.of(MetricCreated))


SUBSCRIPTIONS = (
    Subscription(stream="PLANS", events=(VentureState, PlanState, MilestoneReached), handle=on_plans),
    Subscription(stream="FINANCE", events=(MetricCreated,), handle=on_finance),
)
