"""SQL of plan versions."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.plan_version.models import PlanVersionView
from services.sync.plan_version.rules import PlanVersion
from services.sync.venture.store import VentureKey
from shared.contracts.plans import PlanState, PlanTargets
from shared.platform.db.bulk import bulk_upsert, in_values

_KEY = ("organization_id", "plan_id", "version")
StoredVersions = dict[VentureKey, set[tuple[UUID, int]]]
"""New versions as (plan, version), by venture."""


async def store_plan_versions(session: AsyncSession, events: Sequence[PlanState]) -> StoredVersions:
    """Keep every version of every plan; returns the new ones by venture."""
    rows = {
        (event.organization_id, event.plan_id, event.version): {
            "organization_id": event.organization_id,
            "plan_id": event.plan_id,
            "version": event.version,
            "venture_id": event.venture_id,
            "saved_at": event.saved_at,
            "financial_change": event.financial_change,
            "changed_fields": [change.field for change in event.changes],
            "targets": event.targets.model_dump(mode="json", exclude_none=True),
        }
        for event in events
    }
    new = await bulk_upsert(session, PlanVersionView, list(rows.values()), key=_KEY, newer_by="version")
    stored: StoredVersions = {}
    for organization_id, plan_id, version in map(tuple, new):
        venture_id = rows[organization_id, plan_id, version]["venture_id"]
        assert isinstance(venture_id, UUID)
        stored.setdefault((organization_id, venture_id), set()).add((plan_id, version))
    return stored


async def versions_of(
    session: AsyncSession, ventures: Collection[VentureKey], local_day: Callable[[UUID, datetime], date]
) -> dict[VentureKey, list[PlanVersion]]:
    """All plan versions of some ventures, in order.

    ``local_day`` gives the day of an instant in an organization's time zone.
    """
    found: dict[VentureKey, list[PlanVersion]] = {}
    if not ventures:
        return found
    statement = (
        select(
            PlanVersionView.organization_id,
            PlanVersionView.venture_id,
            PlanVersionView.plan_id,
            PlanVersionView.version,
            PlanVersionView.saved_at,
            PlanVersionView.financial_change,
            PlanVersionView.changed_fields,
            PlanVersionView.targets,
        )
        .where(in_values((PlanVersionView.organization_id, PlanVersionView.venture_id), list(ventures)))
        .order_by(PlanVersionView.version, PlanVersionView.plan_id)
    )
    for row in await session.execute(statement):
        found.setdefault((row.organization_id, row.venture_id), []).append(
            PlanVersion(
                row.plan_id,
                row.version,
                local_day(row.organization_id, row.saved_at),
                PlanTargets.model_validate(row.targets),
                row.financial_change,
                tuple(row.changed_fields),
            )
        )
    return found


async def planned_ventures(session: AsyncSession, organizations: Collection[UUID]) -> set[VentureKey]:
    """The (organization, venture) pairs that have a plan."""
    if not organizations:
        return set()
    statement = (
        select(PlanVersionView.organization_id, PlanVersionView.venture_id)
        .where(PlanVersionView.organization_id.in_(organizations))
        .distinct()
    )
    return {(row.organization_id, row.venture_id) for row in await session.execute(statement)}
