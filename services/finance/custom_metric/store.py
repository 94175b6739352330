"""All SQL of custom metrics."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.custom_metric.models import DEFINES_ANY, PlannedMetrics


@dataclass(frozen=True, slots=True)
class Definition:
    """What a plan says of a custom metric."""

    key: str
    name: str
    unit: str | None


async def definitions(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> dict[str, Definition]:
    """The custom metrics of an organization by key; of what several plans define, the venture's own counts first."""
    statement = (
        select(PlannedMetrics)
        .where(PlannedMetrics.organization_id == organization_id, text(DEFINES_ANY))
        .order_by(PlannedMetrics.venture_id != venture_id, PlannedMetrics.plan_id)
        .execution_options(populate_existing=True)
    )
    found: dict[str, Definition] = {}
    for plan in await session.scalars(statement):
        for metric in plan.metrics:
            found.setdefault(metric["key"], Definition(metric["key"], metric["name"], metric["unit"]))
    return found
