"""Locking ventures, and reading what their comparisons stand on."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading, Rows, read
from services.sync.observation.rules import Series
from services.sync.plan_version.rules import PlanVersion, Timeline, defined, timeline
from services.sync.plan_version.store import plan_versions, version_rows
from services.sync.venture.store import VentureKey, archived_ventures
from shared.contracts.plans import CustomMetricTarget
from shared.kernel.clock import today
from shared.kernel.periods import month_start
from shared.platform.db.bulk import lock_keys, locking
from shared.platform.db.driver import nothing
from shared.platform.tenancy.organizations import OrganizationView, organizations_among

T = TypeVar("T")

VENTURE_LOCK = "sync.venture"
ORGANIZATION_LOCK = "sync.organization"
_NOTHING = Reading("SELECT", (), nothing)


@dataclass(slots=True)
class Ground:
    """What comparisons of some ventures stand on, read after the ventures were locked."""

    organizations: Mapping[UUID, OrganizationView]
    versions: Mapping[VentureKey, list[PlanVersion]]
    ventures: frozenset[VentureKey]
    archived: set[VentureKey]
    _timelines: dict[Series, Timeline] = field(default_factory=dict)
    _days: dict[UUID, date] = field(default_factory=dict)

    def timeline(self, series: Series) -> Timeline:
        """Which promise holds when for a series."""
        known = self._timelines.get(series)
        if known is None:
            versions = self.versions.get((series.organization_id, series.venture_id), ())
            known = self._timelines[series] = timeline(series.metric, versions)
        return known

    def definition(self, series: Series, plan_version: int | None) -> CustomMetricTarget | None:
        """A custom metric as one version of the venture's plan defines it; null when that does not."""
        versions = self.versions.get((series.organization_id, series.venture_id), ())
        found = (defined(series.metric, one.targets) for one in versions if one.version == plan_version)
        return next(found, None)

    def currency(self, organization_id: UUID) -> str:
        """The base currency of an organization."""
        return self.organizations[organization_id].base_currency

    def today(self, organization_id: UUID) -> date:
        """The current day of an organization: the same for all that is derived together."""
        known = self._days.get(organization_id)
        if known is None:
            known = self._days[organization_id] = today(self.organizations[organization_id].time_zone)
        return known

    def open_month(self, organization_id: UUID) -> date:
        """The first day of an organization's current month."""
        return month_start(self.today(organization_id))


async def stand_on(session: AsyncSession, ventures: Iterable[VentureKey]) -> Ground:
    """Lock ventures, then read their organizations and plans; those without an organization are left out.

    Everything that derives rows of a venture passes through this lock before it reads, so that two
    replicas with different facts of one venture see each other's.

    Facts may come before their organization, and then wait for it. The lock on a missing one makes sure
    that nobody misses the other: either this transaction sees the organization, or the one that
    brings it sees these facts.
    """
    return (await store_and_stand_on(session, _NOTHING, ventures))[1]


async def store_and_stand_on(
    session: AsyncSession, storing: Reading[T], ventures: Iterable[VentureKey]
) -> tuple[T, Ground]:
    """Store what came, then ``stand_on`` its ventures, in one round trip."""
    wanted = set(ventures)
    ids = {organization for organization, _venture in wanted}
    stored, _locked, organizations, versions, archived = await read(
        session,
        storing,
        locking(VENTURE_LOCK, wanted),
        organizations_among(ids),
        version_rows(wanted),
        archived_ventures(wanted),
    )
    missing = ids - organizations.keys()
    if missing:
        await lock_keys(session, ORGANIZATION_LOCK, missing)
        return stored, await stand_unlocked(session, wanted)
    return stored, _ground(wanted, organizations, versions, archived)


async def stand_unlocked(session: AsyncSession, ventures: Collection[VentureKey]) -> Ground:
    """The same without locking ventures: for reading only, or when they are locked."""
    ids = {organization for organization, _venture in ventures}
    found = await read(session, organizations_among(ids), version_rows(ventures), archived_ventures(ventures))
    return _ground(ventures, *found)


def _ground(
    ventures: Iterable[VentureKey],
    organizations: Mapping[UUID, OrganizationView],
    versions: Rows,
    archived: set[VentureKey],
) -> Ground:
    settled = frozenset(venture for venture in ventures if venture[0] in organizations)
    time_zones = {organization.id: organization.time_zone for organization in organizations.values()}
    return Ground(organizations, plan_versions(versions, time_zones), settled, archived)
