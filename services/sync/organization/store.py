"""SQL of what sync keeps per organization."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.organization.models import ComparisonCalendar, OrganizationSettings
from shared.platform.db.bulk import bulk_upsert
from shared.platform.tenancy.organizations import OrganizationView

AUTO = "auto"


async def with_auto_projections(session: AsyncSession, organizations: Collection[UUID]) -> set[UUID]:
    """The organizations whose projections are made anew by a financial plan change."""
    if not organizations:
        return set()
    statement = select(OrganizationSettings.organization_id).where(
        OrganizationSettings.organization_id.in_(organizations), OrganizationSettings.projection_mode == AUTO
    )
    return set(await session.scalars(statement))


async def settings_of(session: AsyncSession, organization_id: UUID) -> OrganizationSettings | None:
    """The settings that an organization chose, if it did."""
    return await session.get(OrganizationSettings, organization_id, populate_existing=True)


async def under_another_calendar(session: AsyncSession, organizations: Iterable[OrganizationView]) -> set[UUID]:
    """Those organizations whose rows were not yet compared under their time zone and currency; notes it."""
    rows = [
        {
            "organization_id": organization.id,
            "time_zone": organization.time_zone,
            "currency": organization.base_currency,
        }
        for organization in organizations
    ]
    changed = await bulk_upsert(
        session,
        ComparisonCalendar,
        rows,
        key=("organization_id",),
        newer_by=None,
        unless_same=("time_zone", "currency"),
    )
    return {row.organization_id for row in changed}
