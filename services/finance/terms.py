"""The terms by which an organization's figures are derived: its time zone, currency and metric policy."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.policy.rules import DEFAULT_POLICY, MetricPolicy
from services.finance.policy.store import policies
from shared.platform.db.bulk import lock_keys
from shared.platform.db.driver import run
from shared.platform.tenancy.organizations import OrganizationView, organizations_among, organizations_by_id

Organizations = Mapping[UUID, OrganizationView]
"""The known organizations by id."""

_ARRIVAL = "finance.organization"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of some organizations."""

    organizations: Organizations
    policies: Mapping[UUID, MetricPolicy]

    def zone(self, organization_id: UUID) -> str:
        """The IANA time zone in which days are decided."""
        return self.organizations[organization_id].time_zone

    def currency(self, organization_id: UUID) -> str:
        """The base currency."""
        return self.organizations[organization_id].base_currency

    def policy(self, organization_id: UUID) -> MetricPolicy:
        """The metric policy that holds: what was chosen, else the defaults."""
        return self.policies.get(organization_id, DEFAULT_POLICY)


async def terms_of(session: AsyncSession, organizations: Organizations) -> Terms:
    """The terms of known organizations."""
    return Terms(organizations, (await run(session, policies(organizations.keys())))[0])


async def settled_terms(session: AsyncSession, ids: Collection[UUID]) -> Terms:
    """The terms of the known ones among some organizations.

    An event may come before its organization, whose arrival then derives what waits. For those that
    are unknown a lock is taken that ``claim_arrival`` takes too: either this transaction sees the
    organization, or the organization's arrival sees what this transaction stores.
    """
    known, chosen = await run(session, organizations_among(ids), policies(ids))
    unknown = set(ids) - known.keys()
    if not unknown:
        return Terms(known, chosen)
    await lock_keys(session, _ARRIVAL, unknown)
    return Terms(known | await organizations_by_id(session, unknown), chosen)


async def claim_arrival(session: AsyncSession, ids: Collection[UUID]) -> Organizations:
    """Organizations that have just arrived, after every writer that did not know them has committed."""
    await lock_keys(session, _ARRIVAL, ids)
    return await organizations_by_id(session, ids)
