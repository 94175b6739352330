"""The events between services: what each says, its kind, its key, its version.

Import ``EVENT_TYPES`` for the whole catalogue (event type -> class).
"""

from shared.contracts import finance, identity, ingestion, plans, reporting, sync
from shared.contracts.event import REGISTRY, Event

EVENT_TYPES: dict[str, type[Event]] = REGISTRY
"""Every event type of the house."""

__all__ = ["EVENT_TYPES", "Event", "finance", "identity", "ingestion", "plans", "reporting", "sync"]
