"""Raw and parked events over HTTP."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import StringConstraints

from services.ingestion.raw_event import store, use_cases
from services.ingestion.raw_event.models import ParkedEvent, RawEvent
from services.ingestion.raw_event.schemas import (
    ParkedEventOut,
    ParkedStatus,
    RawEventDetailOut,
    RawEventOut,
    RawEventState,
)
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

if TYPE_CHECKING:
    from shared.platform.service import Runtime

router = TenantRouter(tags=["raw events"])

EventType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.]{1,200}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^evt_[A-Za-z0-9_]{1,250}$")]


@router.get("/ingestion/raw-events", operation_id="listRawEvents")
async def list_raw_events(
    call: Call,
    page: PageQuery,
    type: Annotated[EventType | None, Query(description="Only this Stripe event type")] = None,  # noqa: A002 - Stripe's word
    state: Annotated[RawEventState | None, Query(description="Only events that stand here")] = None,
    connection_id: Annotated[UUID | None, Query(description="Only this connection")] = None,
) -> Page[RawEventOut]:
    """Webhooks as they came, the newest first."""
    statement = store.listed(call.organization_id, connection_id=connection_id, event_type=type, state=state)
    by = [RawEvent.received_at.desc(), RawEvent.connection_id, RawEvent.event_id]
    return await paginate(call.session, statement, page, by=by, into=RawEventOut.of)


@router.get("/ingestion/raw-events/{event_id}", needs=Role.MEMBER, operation_id="getRawEvent")
async def get_raw_event(
    event_id: EventId,
    call: Call,
    connection_id: Annotated[UUID | None, Query(description="Where several connections have it")] = None,
) -> RawEventDetailOut:
    """One webhook with its body."""
    found = await store.event_by_id(call.session, call.organization_id, event_id, connection_id)
    if found is None:
        raise NotFound("There is no raw event with this id in this organization.")
    return RawEventDetailOut.with_payload(*found)


@router.get("/ingestion/parked-events", operation_id="listParkedEvents")
async def list_parked_events(
    call: Call,
    page: PageQuery,
    status: Annotated[ParkedStatus, Query(description="Where they stand")] = ParkedStatus.PARKED,
) -> Page[ParkedEventOut]:
    """Events that could not be normalised, the last tried first. They block no other event."""
    statement = store.parked(call.organization_id, status)
    by = [ParkedEvent.last_parked_at.desc(), ParkedEvent.id]
    return await paginate(call.session, statement, page, by=by, into=ParkedEventOut.of)


@router.post("/ingestion/parked-events/{parked_id}/retry", needs=Role.ADMIN, operation_id="retryParkedEvent")
async def retry_parked_event(parked_id: UUID, call: Call, request: Request) -> ParkedEventOut:
    """Try a parked event again; if it fails again it is parked again, with one more attempt."""
    parked = await use_cases.retry_parked(call.session, call.organization_id, parked_id)
    runtime: Runtime = request.app.state.runtime
    runtime.wakeups.wake("normaliser")
    return ParkedEventOut.of(parked)
