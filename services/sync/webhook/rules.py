"""Signing secrets of an endpoint, and which notices it wants."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.sync import NotificationType, Severity

KEY_BYTES = 32
HINT_LENGTH = 4
MOST_ENDPOINTS = 20
"""Of one organization."""


def secret_context(endpoint_id: UUID) -> str:
    """What a sealed secret is bound to, so that it opens for its own endpoint only."""
    return f"webhook-endpoint:{endpoint_id}"


def in_use(secrets: Sequence[Mapping[str, Any]], at: datetime) -> list[Mapping[str, Any]]:
    """The secrets that sign now, the newest first."""
    return [one for one in reversed(secrets) if one["ends_at"] is None or datetime.fromisoformat(one["ends_at"]) > at]


def rotated(
    secrets: Sequence[Mapping[str, Any]], new: Mapping[str, Any], at: datetime, overlap: timedelta
) -> list[dict[str, Any]]:
    """The secrets after a rotation: those in use end after the overlap, those that ended are forgotten."""
    ends = at + overlap
    kept = []
    for one in reversed(in_use(secrets, at)):
        before = one["ends_at"] and datetime.fromisoformat(one["ends_at"])
        until = min(before, ends) if before else ends
        if until > at:
            kept.append({**one, "ends_at": until.isoformat()})
    return [*kept, dict(new)]


def wants(
    kind: NotificationType,
    severity: Severity,
    venture: UUID | None,
    *,
    types: Collection[str] | None,
    minimum: Severity,
    ventures: Collection[str] | None,
) -> bool:
    """Whether an endpoint wants a notice. What concerns no single venture it wants whichever ventures it is for."""
    if types is not None and kind.value not in types:
        return False
    if severity.rank < minimum.rank:
        return False
    return ventures is None or venture is None or str(venture) in ventures
