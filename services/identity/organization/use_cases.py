"""Creating and changing organizations."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.membership.use_cases.acting import Actor
from services.identity.membership.use_cases.belonging import join
from services.identity.organization import rules, store
from services.identity.organization.models import Organization
from services.identity.organization.schemas import NewOrganization
from shared.contracts.identity import OrganizationCreated, OrganizationState, OrganizationUpdated, Role
from shared.kernel.errors import Conflict, NotFound, field_error
from shared.kernel.text import same_name_key
from shared.platform.bus.outbox import emit
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import check_version


class OrganizationNameTaken(Conflict):
    """Another organization has this name, or one that becomes the same slug."""

    code = "organization_name_taken"


class CurrencyFixed(Conflict):
    """The base currency cannot be changed."""

    code = "currency_fixed"


async def create_organization(session: AsyncSession, wanted: NewOrganization, actor: Actor) -> Organization:
    """Create an organization with the actor as its owner; ``actor.organization_id`` is its new id."""
    settings = wanted.settings
    organization = Organization(
        id=actor.organization_id,
        name=wanted.name,
        name_key=same_name_key(wanted.name),
        slug=rules.slug_of(wanted.name, actor.organization_id),
        industry=wanted.industry,
        size=wanted.size,
        founded_year=wanted.founded_year,
        website=wanted.website,
        logo_url=wanted.logo_url,
        fiscal_year_start=settings.fiscal_year_start,
        base_currency=settings.currency,
        time_zone=settings.timezone,
        date_format=settings.date_format,
        version=1,
        created_at=actor.now,
        created_by=actor.user_id,
        archived_at=None,
    )
    await _claim_name(session, organization, organization.name)
    session.add(organization)
    await session.flush()
    await store.tell_this_service(session, organization)
    await emit(session, _state(OrganizationCreated, organization))
    await join(session, Role.OWNER, actor)
    return organization


async def change_organization(
    session: AsyncSession, wanted: dict[str, Any], versions: tuple[int | None, ...], actor: Actor
) -> Organization:
    """Change some columns; nothing happens when they already are as wanted. The slug stays."""
    organization = await store.find_locked(session, actor.organization_id)
    if organization is None:
        raise NotFound("There is no organization with this id.")
    check_version(organization.version, *versions)
    changed = {name: value for name, value in wanted.items() if getattr(organization, name) != value}
    if "base_currency" in changed:
        raise CurrencyFixed(
            f"The base currency is {organization.base_currency} and cannot be changed.",
            errors=[field_error("settings.currency", "is fixed")],
        )
    if not changed:
        return organization
    if "name" in changed:
        await _claim_name(session, organization, changed["name"])
        organization.name_key = same_name_key(changed["name"])
    for name, value in changed.items():
        setattr(organization, name, value)
    organization.version += 1
    await session.flush()
    await store.tell_this_service(session, organization)
    await emit(session, _state(OrganizationUpdated, organization))
    return organization


async def set_archived(session: AsyncSession, actor: Actor, *, archived: bool) -> Organization:
    """Archive an organization (it can be read, not changed), or take it into use again; repeating does no harm."""
    organization = await store.find_locked(session, actor.organization_id)
    if organization is None:
        raise NotFound("There is no organization with this id.")
    if (organization.archived_at is not None) is archived:
        return organization
    organization.archived_at = actor.now if archived else None
    organization.version += 1
    await session.flush()
    await store.tell_this_service(session, organization)
    await emit(session, _state(OrganizationUpdated, organization))
    return organization


async def _claim_name(session: AsyncSession, organization: Organization, name: str) -> None:
    """Refuse a taken name, before the organization has it. Two who want the same, or the same slug, wait."""
    key = same_name_key(name)
    await lock_keys(session, "organization_name", [key, organization.slug])
    if await store.name_is_taken(session, key, organization.slug, organization.id):
        raise OrganizationNameTaken(
            f'There is already an organization named "{name}".',
            errors=[field_error("name", "another organization has this name, or a very similar one")],
        )


def _state(event: type[OrganizationState], organization: Organization) -> OrganizationState:
    return event(
        organization_id=organization.id,
        version=organization.version,
        name=organization.name,
        slug=organization.slug,
        base_currency=organization.base_currency,
        time_zone=organization.time_zone,
        fiscal_year_start=organization.fiscal_year_start,
        date_format=organization.date_format,
        archived=organization.archived_at is not None,
    )
