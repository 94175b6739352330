"""What plans does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.actual import store as actuals
from services.plans.milestone import use_cases as milestones
from services.plans.plan.use_cases.reading import record_comparisons
from services.plans.proposal import store as proposals
from services.plans.review import use_cases as reviews
from shared.contracts.sync import MetricComparison, ReviewCompleted, TargetsProposed, VarianceComputed
from shared.contracts.topology import CONSUMES
from shared.kernel.clock import now
from shared.platform.bus.outbox import MUTED
from shared.platform.bus.subscription import UNHURRIED, Batch, Subscription


async def on_sync(session: AsyncSession, batch: Batch) -> None:
    """Sync has compared, reviewed or proposed: keep its answer, and see to flags and milestones."""
    comparisons = batch.of(MetricComparison)
    await record_comparisons(session, batch.of(VarianceComputed))
    await actuals.keep_actuals(session, comparisons)
    await proposals.keep_proposals(session, batch.of(TargetsProposed))
    # While a read model is being rebuilt, what is owned stands.
    if session.info.get(MUTED):
        return
    at = now()
    await reviews.record_reviews(session, batch.of(ReviewCompleted), at)
    await milestones.reach_by_actuals(session, comparisons, at)


SUBSCRIPTIONS = (Subscription(stream="SYNC", events=CONSUMES["plans"]["SYNC"], handle=on_sync, rest=UNHURRIED),)
