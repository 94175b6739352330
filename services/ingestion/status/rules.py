"""Grades of freshness and shares of what is unlinked."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

Freshness = Literal["fresh", "aging", "stale", "silent", "disabled"]

_FRESH = timedelta(days=1)
_AGING = timedelta(days=7)


def freshness(status: str, last_event_at: datetime | None, now: datetime) -> Freshness:
    """How long ago a connection was last heard of."""
    if status == "disabled":
        return "disabled"
    if last_event_at is None:
        return "silent"
    age = now - last_event_at
    if age <= _FRESH:
        return "fresh"
    return "aging" if age <= _AGING else "stale"


def share_pct(part: int, whole: int) -> Decimal | None:
    """``part`` of ``whole`` in percent; None of nothing."""
    return None if whole == 0 else Decimal(100 * part) / Decimal(whole)
