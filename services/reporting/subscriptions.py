"""What reporting does with the events of others: it keeps them for reading."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.portfolio import use_cases as portfolio
from services.reporting.portfolio.store import leave_mark
from shared.contracts.finance import MetricObservation
from shared.contracts.plans import PlanState, VentureState
from shared.contracts.sync import AlertState, MetricComparison, ProjectionState
from shared.contracts.topology import CONSUMES
from shared.platform.bus.subscription import UNHURRIED, Batch, Subscription


async def on_plans(session: AsyncSession, batch: Batch) -> None:
    """Ventures and plans changed."""
    await portfolio.keep_ventures(session, batch.of(VentureState))
    await portfolio.keep_plans(session, batch.of(PlanState))
    await leave_mark(session, batch.organizations, "PLANS")


async def on_finance(session: AsyncSession, batch: Batch) -> None:
    """Actuals were observed."""
    await portfolio.keep_metrics(session, batch.of(MetricObservation))
    await leave_mark(session, batch.organizations, "FINANCE")


async def on_sync(session: AsyncSession, batch: Batch) -> None:
    """Sync has compared, warned, or projected."""
    await portfolio.keep_comparisons(session, batch.of(MetricComparison))
    await portfolio.keep_alerts(session, batch.of(AlertState))
    await portfolio.keep_projections(session, batch.of(ProjectionState))
    await leave_mark(session, batch.organizations, "SYNC")


SUBSCRIPTIONS = (
    Subscription(stream="PLANS", events=CONSUMES["reporting"]["PLANS"], handle=on_plans),
    Subscription(stream="FINANCE", events=CONSUMES["reporting"]["FINANCE"], handle=on_finance, rest=UNHURRIED),
    Subscription(stream="SYNC", events=CONSUMES["reporting"]["SYNC"], handle=on_sync, rest=UNHURRIED),
)
