"""What plans does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import use_cases as plan
from shared.contracts.sync import VarianceComputed
from shared.platform.bus.subscription import Batch, Subscription


async def on_sync(session: AsyncSession, batch: Batch) -> None:
    """Sync has compared: keep its answer beside the plan."""
    await plan.record_comparisons(session, batch.of(VarianceComputed))


SUBSCRIPTIONS = (Subscription(stream="SYNC", events=(VarianceComputed,), handle=on_sync),)
