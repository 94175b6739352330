"""What sync does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.loop import use_cases as loop
from shared.contracts.finance import MetricObservation
from shared.contracts.plans import MilestoneReached, PlanState, VentureState
from shared.contracts.topology import CONSUMES
from shared.platform.bus.subscription import Batch, Subscription


async def on_plans(session: AsyncSession, batch: Batch) -> None:
    """What is promised has changed."""
    await loop.take_in_plans(session, batch.of(VentureState), batch.of(PlanState), batch.of(MilestoneReached))


async def on_finance(session: AsyncSession, batch: Batch) -> None:
    """What came true has changed."""
    await loop.take_in_observations(session, batch.of(MetricObservation))


SUBSCRIPTIONS = (
    Subscription(stream="PLANS", events=CONSUMES["sync"]["PLANS"], handle=on_plans),
    Subscription(stream="FINANCE", events=CONSUMES["sync"]["FINANCE"], handle=on_finance),
)
