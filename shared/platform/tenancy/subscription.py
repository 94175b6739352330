"""Applying identity's events: the newest version of each organization and membership wins."""

from collections.abc import Awaitable, Callable, Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.identity import MembershipStatus, MemberState, OrganizationState
from shared.platform.bus.subscription import Batch, Subscription
from shared.platform.db.bulk import bulk_upsert
from shared.platform.db.platform_tables import MembershipRow, OrganizationRow

OnOrganizations = Callable[[AsyncSession, Collection[UUID]], Awaitable[None]]


def identity_subscription(on_organizations: OnOrganizations | None) -> Subscription:
    """The subscription that keeps the two read models; ``on_organizations`` hears which ones changed."""

    async def handle(session: AsyncSession, batch: Batch) -> None:
        members = [
            {
                "organization_id": event.organization_id,
                "user_id": event.user_id,
                "version": event.version,
                "role": event.role.value,
                "active": event.status is MembershipStatus.ACTIVE,
            }
            for event in batch.of(MemberState)
        ]
        await bulk_upsert(session, MembershipRow, members, key=("organization_id", "user_id"))
        organizations = [
            {
                "id": event.organization_id,
                "version": event.version,
                "name": event.name,
                "slug": event.slug,
                "base_currency": event.base_currency,
                "time_zone": event.time_zone,
                "fiscal_year_start": event.fiscal_year_start,
                "archived": event.archived,
            }
            for event in batch.of(OrganizationState)
        ]
        changed = await bulk_upsert(session, OrganizationRow, organizations, key=("id",))
        if changed and on_organizations is not None:
            await on_organizations(session, sorted({row[0] for row in changed}))

    return Subscription("IDENTITY", (OrganizationState, MemberState), handle)
