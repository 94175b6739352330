"""Keeping custom metrics as plans publishes them, and knowing which there are."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.finance.custom_metric.models import PlannedMetrics
from services.finance.custom_metric.store import Definition, definitions
from shared.contracts.plans import PlanState, PlanStatus
from shared.platform.db.bulk import bulk_put
from shared.platform.db.waiting import eventually


async def record_definitions(session: AsyncSession, events: Sequence[PlanState]) -> None:
    """Keep what the newest version of each plan defines; an archived plan defines nothing."""
    rows = [
        {
            "organization_id": event.organization_id,
            "plan_id": event.plan_id,
            "venture_id": event.venture_id,
            "version": event.version,
            "metrics": []
            if event.status is PlanStatus.ARCHIVED
            else [{"key": one.key, "name": one.name, "unit": one.unit} for one in event.targets.custom_metrics],
        }
        for event in events
    ]
    await bulk_put(session, PlannedMetrics, rows, key=("organization_id", "plan_id"))


async def known_definitions(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, wanted: Collection[str]
) -> Mapping[str, Definition]:
    """The custom metrics of an organization; a plan saved just now is waited for while one of ``wanted`` is missing."""
    found: dict[str, Definition] = {}
    missing = set(wanted)

    async def all_wanted() -> bool | None:
        nonlocal found
        found = await definitions(session, organization_id, venture_id)
        return missing <= found.keys() or None

    await eventually(all_wanted)
    return found
