"""Locking ventures, and reading what their comparisons stand on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.observation.rules import Series
from services.sync.plan_version.rules import PlanVersion, Timeline, timeline
from services.sync.plan_version.store import versions_of
from services.sync.venture.store import VentureKey, archived_ventures
from shared.kernel.clock import today
from shared.kernel.periods import local_date
from shared.platform.db.bulk import lock_keys
from shared.platform.tenancy.organizations import OrganizationView, organizations_by_id

VENTURE_LOCK = "sync.venture"
ORGANIZATION_LOCK = "sync.organization"


@dataclass(slots=True)
class Ground:
    """What comparisons of some ventures stand on, read after the ventures were locked."""

    organizations: Mapping[UUID, OrganizationView]
    versions: Mapping[VentureKey, list[PlanVersion]]
    ventures: frozenset[VentureKey]
    archived: set[VentureKey]
    _timelines: dict[Series, Timeline] = field(default_factory=dict)

    def timeline(self, series: Series) -> Timeline:
        """Which promise holds when for a series."""
        known = self._timelines.get(series)
        if known is None:
            versions = self.versions.get((series.organization_id, series.venture_id), ())
            known = self._timelines[series] = timeline(series.metric, versions)
        return known

    def currency(self, organization_id: UUID) -> str:
        """The base currency of an organization."""
        return self.organizations[organization_id].base_currency

    def today(self, organization_id: UUID) -> date:
        """The current day of an organization."""
        return today(self.organizations[organization_id].time_zone)


async def known_organizations(
    session: AsyncSession, organization_ids: Collection[UUID]
) -> Mapping[UUID, OrganizationView]:
    """The organizations that have arrived.

    Facts may come before their organization and then wait for it. The lock on a missing one makes
    sure that nobody misses the other: either this transaction sees the organization, or the one that
    brings it sees these facts.
    """
    wanted = set(organization_ids)
    found = await organizations_by_id(session, wanted)
    missing = wanted - found.keys()
    if missing:
        await lock_keys(session, ORGANIZATION_LOCK, missing)
        found = await organizations_by_id(session, wanted)
    return found


async def stand_on(session: AsyncSession, ventures: Iterable[VentureKey]) -> Ground:
    """Lock ventures, then read their organizations and plans; those without an organization are left out.

    Everything that derives rows of a venture passes through this lock before it reads, so that two
    replicas with different facts of one venture see each other's.
    """
    wanted = set(ventures)
    await lock_keys(session, VENTURE_LOCK, wanted)
    organizations = await known_organizations(session, {organization for organization, _venture in wanted})
    return await _read(session, wanted, organizations)


async def stand_unlocked(session: AsyncSession, ventures: Collection[VentureKey]) -> Ground:
    """The same for reading only: without locks."""
    organizations = await organizations_by_id(session, {organization for organization, _venture in ventures})
    return await _read(session, ventures, organizations)


async def _read(
    session: AsyncSession, ventures: Collection[VentureKey], organizations: Mapping[UUID, OrganizationView]
) -> Ground:
    settled = frozenset(venture for venture in ventures if venture[0] in organizations)
    versions = await versions_of(
        session, settled, lambda organization, instant: local_date(instant, organizations[organization].time_zone)
    )
    return Ground(organizations, versions, settled, await archived_ventures(session, settled))
