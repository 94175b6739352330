"""All SQL of actuals."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.actual.models import VentureActual
from shared.contracts.sync import MetricComparison
from shared.platform.db.bulk import bulk_upsert

_VERSIONS_A_DAY = 2**32


async def keep_actuals(session: AsyncSession, comparisons: Iterable[MetricComparison]) -> None:
    """Keep the newest-dated actual of each kind; any order and repetition ends in the same rows."""
    rows = [
        {
            "organization_id": comparison.organization_id,
            "venture_id": comparison.venture_id,
            "metric": str(comparison.metric),
            "observed_on": comparison.observed_on,
            "value": comparison.actual,
            "recency": comparison.observed_on.toordinal() * _VERSIONS_A_DAY + comparison.version,
            "withdrawn": comparison.withdrawn,
        }
        for comparison in comparisons
    ]
    await bulk_upsert(session, VentureActual, rows, key=("organization_id", "venture_id", "metric"), newer_by="recency")


async def actuals_of(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, *, lock: bool = False
) -> dict[str, VentureActual]:
    """The newest actuals of a venture by kind. ``lock``: newer ones wait until the transaction ends."""
    statement = select(VentureActual).where(
        VentureActual.organization_id == organization_id,
        VentureActual.venture_id == venture_id,
        ~VentureActual.withdrawn,
    )
    if lock:
        statement = statement.order_by(VentureActual.metric).with_for_update()
    return {row.metric: row for row in await session.scalars(statement.execution_options(populate_existing=True))}
