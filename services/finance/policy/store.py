"""Reading metric policies."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.policy.models import MetricPolicyVersion
from services.finance.policy.rules import DEFAULT_POLICY, MetricPolicy
from shared.platform.db.driver import Statement, run


def policies(organizations: Collection[UUID]) -> Statement[dict[UUID, MetricPolicy]]:
    """The newest policy of each organization that has chosen one."""
    return Statement(
        f"""
        SELECT DISTINCT ON (organization_id) organization_id, version, settings
        FROM {MetricPolicyVersion.__tablename__} WHERE organization_id = ANY (%s::uuid[])
        ORDER BY organization_id, version DESC
        """,  # noqa: S608 - the name of a declared table
        (list(organizations),),
        lambda rows: {
            organization_id: MetricPolicy.of(version, settings) for organization_id, version, settings in rows
        },
    )


async def policy_of(session: AsyncSession, organization_id: UUID) -> MetricPolicy:
    """The policy that holds in an organization: its newest version, else the defaults."""
    (chosen,) = await run(session, policies([organization_id]))
    return chosen.get(organization_id, DEFAULT_POLICY)
