"""Normalising raw events, and putting parked ones back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.ledger.use_cases import derive
from services.ingestion.raw_event import store
from services.ingestion.raw_event.models import PARKED, RETRYING, ParkedEvent
from services.ingestion.raw_event.rules import shown_by
from services.ingestion.raw_event.store import Claimed
from services.ingestion.stripe_object.rules.observation import Observation
from services.ingestion.stripe_object.rules.touched import Place
from services.ingestion.stripe_object.use_cases import mirror
from shared.kernel.errors import Conflict, NotFound

log = structlog.get_logger()

NORMALISED = Counter("trueup_raw_events_normalised_total", "Raw events turned into ledger rows")
SET_ASIDE = Counter("trueup_raw_events_parked_total", "Raw events that could not be normalised", ["error"])

_LONGEST_MESSAGE = 500
_READ_AT_ONCE = 50


class NotParked(Conflict):
    """The event is not parked (any more)."""

    code = "not_parked"


async def normalise(session: AsyncSession, events: Sequence[Claimed], now: datetime) -> int:
    """Mirror what events show, derive the ledger, tell of its changes; park what cannot be read.

    The caller holds the locks of the events' connections. Returns how many ledger rows changed.
    """
    shown: list[tuple[Place, Sequence[Observation]]] = []
    unreadable: list[tuple[Claimed, Exception]] = []
    for start in range(0, len(events), _READ_AT_ONCE):
        read, failed = shown_of(events[start : start + _READ_AT_ONCE])
        shown += read
        unreadable += failed
        await asyncio.sleep(0)  # webhooks are answered in between
    for event, error in unreadable:
        await set_aside(session, event, error, now)
    aside = {id(event) for event, _ in unreadable}
    good = [event for event in events if id(event) not in aside]
    traces = {event.event_id: event.traceparent for event in good}
    touched = await mirror(session, shown, now)
    changed = await derive(session, touched, now, traces)
    await store.resolve_parked(session, good)
    NORMALISED.inc(len(good))
    return changed


def shown_of(
    events: Sequence[Claimed],
) -> tuple[list[tuple[Place, Sequence[Observation]]], list[tuple[Claimed, Exception]]]:
    """What events show of which connection's objects, and those that cannot be read with their errors."""
    shown: list[tuple[Place, Sequence[Observation]]] = []
    unreadable: list[tuple[Claimed, Exception]] = []
    for event in events:
        try:
            observed = shown_by(event.payload)
        except Exception as error:  # noqa: BLE001 - whatever it is, this event waits for a person and no other does
            unreadable.append((event, error))
            continue
        if observed:
            shown.append(((event.organization_id, event.connection_id), observed))
    return shown, unreadable


async def set_aside(session: AsyncSession, event: Claimed, error: Exception, now: datetime) -> None:
    """Park an event with what is wrong with it."""
    name, message = explain(error)
    log.warning("raw_event.parked", event_id=event.event_id, type=event.type, error=name, reason=message)
    SET_ASIDE.labels(name).inc()
    await store.park(session, event, name, message, now)


def explain(error: Exception) -> tuple[str, str]:
    """An error's name and message for a person: no SQL, no parameters, no character that cannot be stored."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        name, message = type(error.orig).__name__, str(error.orig).partition("\n")[0]
    else:
        name, message = type(error).__name__, str(error)
    return name, message.replace("\x00", "\\u0000")[:_LONGEST_MESSAGE] or name


async def retry_parked(session: AsyncSession, organization_id: UUID, parked_id: UUID) -> ParkedEvent:
    """Put a parked event back on the backlog; its next failure parks it again."""
    parked = await store.parked_by_id(session, organization_id, parked_id)
    if parked is None:
        raise NotFound("There is no parked event with this id.")
    if parked.status != PARKED:
        raise NotParked(f"The event is {parked.status}; only a parked one can be retried.")
    parked.status = RETRYING
    await store.queue_again(session, organization_id, [(parked.connection_id, parked.event_id)])
    await session.flush()
    return parked
