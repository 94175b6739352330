"""All SQL of plans."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan.models import Plan, PlanComparison, PlanVersion
from services.plans.plan.rules import PlanContent
from shared.contracts.sync import VarianceComputed
from shared.platform.db.bulk import bulk_upsert, in_values


def current_versions() -> Select[Plan, PlanVersion]:
    """Every plan with its current version."""
    current_one = and_(
        PlanVersion.organization_id == Plan.organization_id,
        PlanVersion.plan_id == Plan.id,
        PlanVersion.version == Plan.version,
    )
    return select(Plan, PlanVersion).join(PlanVersion, current_one)


async def current(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> tuple[Plan, PlanVersion] | None:
    """The venture's plan and its current version, as they are now."""
    found = current_versions().where(Plan.organization_id == organization_id, Plan.venture_id == venture_id)
    row = (await session.execute(found.execution_options(populate_existing=True))).one_or_none()
    return None if row is None else (row[0], row[1])


async def of_ventures(
    session: AsyncSession, organization_id: UUID, venture_ids: Collection[UUID]
) -> dict[UUID, PlanVersion]:
    """The current plan versions of some ventures, by venture."""
    wanted = in_values((Plan.venture_id,), [(venture_id,) for venture_id in venture_ids])
    found = await session.execute(current_versions().where(Plan.organization_id == organization_id, wanted))
    return {plan.venture_id: version for plan, version in found}


async def version_of(session: AsyncSession, plan: Plan, version: int) -> PlanVersion | None:
    """One version of a plan."""
    return await session.get(PlanVersion, (plan.organization_id, plan.id, version))


def all_versions(plan: Plan) -> Select[PlanVersion]:
    """Every version of a plan."""
    return select(PlanVersion).where(
        PlanVersion.organization_id == plan.organization_id, PlanVersion.plan_id == plan.id
    )


async def newest_comparisons(
    session: AsyncSession, organization_id: UUID, venture_ids: Collection[UUID]
) -> dict[UUID, PlanComparison]:
    """Sync's newest-dated MRR comparison of some ventures, by venture."""
    newest = (
        select(PlanComparison)
        .ext(distinct_on(PlanComparison.venture_id))
        .where(
            PlanComparison.organization_id == organization_id,
            in_values((PlanComparison.venture_id,), [(venture_id,) for venture_id in venture_ids]),
            ~PlanComparison.withdrawn,
        )
        .order_by(PlanComparison.venture_id, PlanComparison.observed_on.desc())
    )
    return {row.venture_id: row for row in await session.scalars(newest)}


async def newest_investor_ready(session: AsyncSession, plan: Plan) -> PlanVersion | None:
    """The newest version that was tagged as ready for investors."""
    tagged = all_versions(plan).where(PlanVersion.investor_ready_at.is_not(None))
    return (await session.scalars(tagged.order_by(PlanVersion.version.desc()).limit(1))).first()


async def store_comparisons(session: AsyncSession, comparisons: Iterable[VarianceComputed]) -> None:
    """Keep what sync said of each venture and day, the newest version of it."""
    rows = [
        {
            "organization_id": comparison.organization_id,
            "venture_id": comparison.venture_id,
            "observed_on": comparison.observed_on,
            "version": comparison.version,
            "plan_sync_status": comparison.plan_sync_status and comparison.plan_sync_status.value,
            "computed_at": comparison.computed_at,
            "withdrawn": comparison.withdrawn,
        }
        for comparison in comparisons
    ]
    await bulk_upsert(session, PlanComparison, rows, key=("organization_id", "venture_id", "observed_on"))


def as_stored(content: PlanContent) -> dict[str, Any]:
    """The columns of a plan version that hold its content; ratios have 4 decimals at most, so none is lost."""
    targets = content.targets
    return {
        "strategy": content.strategy.model_dump(mode="json"),
        "targets": targets.model_dump(mode="json"),
        "target_mrr": targets.target_mrr,
        "target_arr": targets.target_arr,
        "target_customers": targets.target_customers,
        "target_date": targets.target_date,
    }
