"""SQL of milestones."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules import Reached
from services.sync.hot import Reading
from services.sync.milestone.models import MilestoneView
from services.sync.venture.store import VentureKey, venture_columns
from shared.contracts.plans import MilestoneReached
from shared.platform.db.bulk import bulk_upsert


async def store_milestones(session: AsyncSession, events: Sequence[MilestoneReached]) -> set[VentureKey]:
    """Keep what was reached; returns the ventures for which something new is known."""
    if not events:
        return set()
    rows = {
        (event.organization_id, event.milestone_id): {
            "organization_id": event.organization_id,
            "id": event.milestone_id,
            "revision": event.revision,
            "venture_id": event.venture_id,
            "name": event.name,
            "what": None if event.metric is None else f"{event.metric} {event.actual or event.threshold:f}",
            "reached_on": event.reached_on,
        }
        for event in sorted(events, key=lambda event: event.revision)
    }
    changed = await bulk_upsert(
        session, MilestoneView, list(rows.values()), key=("organization_id", "id"), newer_by="revision"
    )
    ventures = {key: (event.organization_id, event.venture_id) for event in events for key in [event.milestone_id]}
    return {ventures[row.id] for row in changed}


def newest_milestones(ventures: Collection[VentureKey]) -> Reading[dict[VentureKey, Reached]]:
    """The milestone that each venture reached last."""
    return Reading(
        """
        SELECT newest.*
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, venture_id)
        CROSS JOIN LATERAL (
            SELECT m.organization_id, m.venture_id, m.name, m.reached_on, m.what
            FROM milestones m
            WHERE m.organization_id = asked.organization_id AND m.venture_id = asked.venture_id
            ORDER BY m.reached_on DESC, m.id DESC
            LIMIT 1
        ) newest
        """,
        venture_columns(ventures),
        lambda rows: {(row[0], row[1]): Reached(*row[2:5]) for row in rows},
    )
