"""The events between services: what each says, its kind, its key, its version.

Import ``EVENT_TYPES`` for the whole catalogue (event type -> class).
"""

from shared.contracts import audit, finance, identity, ingestion, plans, reporting, sync
from shared.contracts.event import REGISTRY, Event

EVENT_TYPES: dict[str, type[Event]] = REGISTRY
"""Every event type of the house."""

INTERNAL_TYPES = tuple(name for name, event in EVENT_TYPES.items() if event.internal)
"""Those between services: every service may tell them, and they have a stream of their own."""

__all__ = [
    "EVENT_TYPES",
    "INTERNAL_TYPES",
    "Event",
    "audit",
    "finance",
    "identity",
    "ingestion",
    "plans",
    "reporting",
    "sync",
]
