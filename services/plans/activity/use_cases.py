"""Writing the activity feed, beside what happens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.models import Activity
from services.plans.activity.rules import ActivityKind
from shared.kernel.ids import new_id

Place = tuple[UUID, UUID]
"""The organization and the venture in which something happens."""


def note(session: AsyncSession, place: Place, kind: ActivityKind, at: datetime, by: UUID | None, **detail: Any) -> None:
    """Note what happened, in the transaction in which it does; ``by`` is null when no person did it."""
    organization_id, venture_id = place
    session.add(
        Activity(
            organization_id=organization_id,
            venture_id=venture_id,
            id=new_id(),
            happened_at=at,
            actor_id=by,
            kind=kind.value,
            detail=detail,
        )
    )
