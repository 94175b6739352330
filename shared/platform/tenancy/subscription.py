"""Applying identity's events: the newest version of each organization, membership and API key wins."""

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.identity import ApiKeyState, MembershipStatus, MemberState, OrganizationState
from shared.contracts.topology import WHO_MAY_WHAT
from shared.platform.bus.subscription import Batch, Subscription
from shared.platform.db.bulk import bulk_upsert
from shared.platform.db.platform_tables import ApiKeyRow, MembershipRow, OrganizationRow

OnOrganizations = Callable[[AsyncSession, Collection[UUID]], Awaitable[None]]


def identity_subscription(on_organizations: OnOrganizations | None) -> Subscription:
    """The subscription that keeps the three read models; ``on_organizations`` hears which ones changed."""

    async def handle(session: AsyncSession, batch: Batch) -> None:
        members = [member_values(event) for event in batch.of(MemberState)]
        await bulk_upsert(session, MembershipRow, members, key=("organization_id", "user_id"))
        keys = [api_key_values(event) for event in batch.of(ApiKeyState)]
        await bulk_upsert(session, ApiKeyRow, keys, key=("organization_id", "id"))
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

    return Subscription("IDENTITY", WHO_MAY_WHAT, handle)


def member_values(event: MemberState) -> dict[str, Any]:
    """A membership as its read model's row."""
    return {
        "organization_id": event.organization_id,
        "user_id": event.user_id,
        "version": event.version,
        "role": event.role.value,
        "active": event.status is MembershipStatus.ACTIVE,
        "venture_ids": None if event.venture_ids is None else [str(venture) for venture in event.venture_ids],
        "tokens_valid_from": event.tokens_valid_from,
        "email": event.email,
    }


def api_key_values(event: ApiKeyState) -> dict[str, Any]:
    """An API key as its read model's row."""
    return {
        "organization_id": event.organization_id,
        "id": event.api_key_id,
        "version": event.version,
        "role": event.role.value,
        "scopes": None if event.scopes is None else list(event.scopes),
        "digest": event.digest,
        "acts_for": event.acts_for,
        "expires_at": event.expires_at,
        "revoked": event.revoked,
    }
