"""Reading metric policies."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.policy.models import MetricPolicyVersion
from services.finance.policy.rules import DEFAULT_POLICY, MetricPolicy
from shared.platform.db.bulk import in_values


async def policies(session: AsyncSession, organizations: Collection[UUID]) -> dict[UUID, MetricPolicy]:
    """The policy that holds in each organization: its newest version, else the defaults."""
    newest = (
        select(MetricPolicyVersion)
        .ext(distinct_on(MetricPolicyVersion.organization_id))
        .where(in_values([MetricPolicyVersion.organization_id], [(identity,) for identity in organizations]))
        .order_by(MetricPolicyVersion.organization_id, MetricPolicyVersion.version.desc())
    )
    found = {row.organization_id: MetricPolicy.of(row.version, row.settings) for row in await session.scalars(newest)}
    return {identity: found.get(identity, DEFAULT_POLICY) for identity in organizations}
