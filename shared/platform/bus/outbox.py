"""Writing events beside the state that they tell of, in one transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import Event
from shared.kernel.clock import now
from shared.kernel.errors import Invalid
from shared.kernel.ids import new_id
from shared.platform.bus.trace import current_traceparent
from shared.platform.db.bulk import bulk_insert
from shared.platform.db.platform_tables import OutboxRow

MAX_EVENT_BYTES = 512 * 1024
EMITTED = "emitted"
MUTED = "muted"


class EventTooLarge(Invalid):
    """The change makes an event that no reader could be sent."""

    code = "event_too_large"


async def emit(session: AsyncSession, *events: Event) -> None:
    """Write events to the outbox of the caller's transaction; the relay publishes them after its commit."""
    await emit_all(session, events)


async def emit_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """The same for many events, in their order."""
    if not events or session.info.get(MUTED):
        return
    await bulk_insert(session, OutboxRow, [_row(event) for event in events])
    session.info[EMITTED] = True


def _row(event: Event) -> dict[str, Any]:
    payload = event.model_dump_json()
    if len(payload.encode()) > MAX_EVENT_BYTES:
        raise EventTooLarge(f"The change is larger than an event may be ({MAX_EVENT_BYTES // 1024} KB).")
    return {
        "event_id": new_id(),
        "organization_id": event.organization_id,
        "event_type": event.event_type,
        "sequence": event.sequence,
        "payload": payload,
        "traceparent": event.caused_by or current_traceparent(),
        "recorded_at": now(),
    }
