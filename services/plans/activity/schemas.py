"""Response bodies of the activity feed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.plans.activity.models import Activity
from services.plans.activity.rules import ActivityKind, sentence


class ActivityOut(BaseModel):
    """What happened. ``actor_id`` is null when no person did it; ``detail`` depends on the kind."""

    id: UUID
    venture_id: UUID
    happened_at: datetime
    actor_id: UUID | None
    kind: ActivityKind
    text: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, row: Activity) -> "ActivityOut":
        """From the row."""
        kind = ActivityKind(row.kind)
        return cls(
            id=row.id,
            venture_id=row.venture_id,
            happened_at=row.happened_at,
            actor_id=row.actor_id,
            kind=kind,
            text=sentence(kind, row.detail),
            detail=row.detail,
        )
