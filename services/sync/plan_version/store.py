"""SQL of plan versions."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.hot import Reading, Rows
from services.sync.plan_version.models import PlanVersionView
from services.sync.plan_version.rules import PlanVersion
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.plans import PlanState, PlanStatus, PlanTargets
from shared.kernel.periods import local_date
from shared.platform.db.bulk import bulk_upsert

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
            "targets": _promised(event).model_dump(mode="json", exclude_none=True),
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


def _promised(event: PlanState) -> PlanTargets:
    """The targets of a version; an archived plan promises nothing."""
    return PlanTargets() if event.status is PlanStatus.ARCHIVED else event.targets


def version_rows(ventures: Collection[VentureKey]) -> Reading[Rows]:
    """All plan versions of some ventures, in order, as they are stored."""
    return Reading(
        """
        SELECT p.organization_id, p.venture_id, p.plan_id, p.version, p.saved_at, p.financial_change,
               p.changed_fields, p.targets
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        JOIN plan_versions p ON p.organization_id = asked.organization_id AND p.venture_id = asked.venture_id
        ORDER BY p.version, p.plan_id
        """,
        venture_columns(ventures),
        lambda rows: rows,
    )


def plan_versions(rows: Rows, time_zones: Mapping[UUID, str]) -> dict[VentureKey, list[PlanVersion]]:
    """Stored versions by venture, each with the local day on which it was saved; known time zones only."""
    found: dict[VentureKey, list[PlanVersion]] = {}
    for organization, venture, plan, version, saved_at, financial_change, changed_fields, targets in rows:
        if organization not in time_zones:
            continue
        found.setdefault((organization, venture), []).append(
            PlanVersion(
                plan,
                version,
                local_date(saved_at, time_zones[organization]),
                PlanTargets.model_validate(targets),
                financial_change,
                tuple(changed_fields),
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
