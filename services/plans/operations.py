"""What the operator's command may ask of plans."""

from collections import defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import rules, store
from services.plans.plan.models import Plan, PlanComparison, PlanVersion
from services.plans.venture.models import Venture
from shared.kernel.money import quantize
from shared.platform.tenancy.organizations import OrganizationView, organizations_by_id


async def figures(session: AsyncSession) -> list[dict[str, str | None]]:
    """Every derived figure of plans, by organization, venture and version."""
    in_venture = and_(Venture.organization_id == Plan.organization_id, Venture.id == Plan.venture_id)
    rows = (await session.execute(store.current_versions().join(Venture, in_venture).add_columns(Venture))).all()
    organizations = await organizations_by_id(session, {plan.organization_id for plan, _, _ in rows})
    of_organization = defaultdict(list)
    for plan, _, _ in rows:
        of_organization[plan.organization_id].append(plan.venture_id)
    newest: dict[tuple[UUID, UUID], PlanComparison] = {}
    for organization_id, venture_ids in of_organization.items():
        found = await store.newest_comparisons(session, organization_id, venture_ids)
        newest |= {(organization_id, venture_id): comparison for venture_id, comparison in found.items()}
    shown = [
        _figure(
            organizations.get(plan.organization_id),
            venture,
            version,
            newest.get((plan.organization_id, plan.venture_id)),
        )
        for plan, version, venture in rows
    ]
    return sorted(shown, key=lambda row: (row["organization"] or "", row["venture"] or ""))


def _figure(
    organization: OrganizationView | None, venture: Venture, version: PlanVersion, comparison: PlanComparison | None
) -> dict[str, str | None]:
    return {
        "figure": "plans.plan",
        "organization": organization.slug if organization else None,
        "venture": venture.name if venture.archived_at is None else f"{venture.name} (archived)",
        "version": str(version.version),
        "status": version.status,
        "pofw_score": _text(version.pofw_score),
        "completeness_pct": _text(version.completeness_pct),
        "target_mrr": _text(version.target_mrr),
        "target_arr": _text(version.target_arr),
        "target_customers": _text(version.target_customers),
        "target_date": version.target_date.isoformat() if version.target_date else None,
        "sync_status": comparison.plan_sync_status if comparison else None,
    }


def _text(value: Decimal | int | None) -> str | None:
    return (
        f"{quantize(value, rules.FIGURE_PLACES):f}"
        if isinstance(value, Decimal)
        else None
        if value is None
        else str(value)
    )


async def recompute(session: AsyncSession, organization_id: UUID) -> int:
    """Derive status, score, completeness and target columns of every version again from its content.

    Returns the number of versions in which one of them moved; 0 when all were right.
    """
    versions = await session.scalars(select(PlanVersion).where(PlanVersion.organization_id == organization_id))
    moved = 0
    for row in versions:
        derived = _derived(row)
        different = {name: value for name, value in derived.items() if getattr(row, name) != value}
        for name, value in different.items():
            setattr(row, name, value)
        moved += bool(different)
    await session.flush()
    return moved


def _derived(row: PlanVersion) -> dict[str, Any]:
    content = row.content()
    complete = rules.completeness(content)
    targets = {name: value for name, value in store.as_stored(content).items() if name.startswith("target_")}
    return targets | {
        "status": rules.status_of(
            complete, investor_ready=row.investor_ready_at is not None, archived=row.archived
        ).value,
        "pofw_score": rules.pofw_score(content.strategy),
        "completeness_pct": complete.pct,
    }
