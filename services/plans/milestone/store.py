"""All SQL of milestones."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.milestone.models import Milestone
from shared.platform.db.bulk import in_values

MetricOf = tuple[UUID, UUID, str]
"""Organization, venture and metric."""


async def find(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, milestone_id: UUID, *, lock: bool = False
) -> Milestone | None:
    """A milestone of a venture, locked for whoever changes it."""
    key = (organization_id, milestone_id)
    row = await session.get(Milestone, key, with_for_update=lock or None, populate_existing=lock)
    return row if row is not None and row.venture_id == venture_id else None


def listed(organization_id: UUID, venture_id: UUID, *, archived: bool) -> Select[Milestone]:
    """A venture's milestones; archived ones only when asked for."""
    statement = select(Milestone).where(
        Milestone.organization_id == organization_id, Milestone.venture_id == venture_id
    )
    return statement if archived else statement.where(Milestone.archived_at.is_(None))


def _waiting(metrics: Collection[MetricOf]) -> Select[Milestone]:
    return select(Milestone).where(
        in_values((Milestone.organization_id, Milestone.venture_id, Milestone.metric), sorted(metrics)),
        Milestone.metric.is_not(None),
        Milestone.reached_on.is_(None),
        Milestone.archived_at.is_(None),
    )


async def waiting(session: AsyncSession, metrics: Collection[MetricOf]) -> list[Milestone]:
    """The milestones that actuals of some metrics may reach."""
    return list(await session.scalars(_waiting(metrics))) if metrics else []


async def waiting_locked(session: AsyncSession, metrics: Collection[MetricOf]) -> list[Milestone]:
    """The same, as they are now, each locked in one order."""
    statement = _waiting(metrics).order_by(Milestone.organization_id, Milestone.id).with_for_update()
    return list(await session.scalars(statement.execution_options(populate_existing=True)))
