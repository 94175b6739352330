"""Response bodies of raw and parked events."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from services.ingestion.raw_event.models import ParkedEvent, RawEvent
from shared.platform.http.bodies import Answer


class RawEventState(StrEnum):
    """Where a raw event stands."""

    PENDING = "pending"
    PROCESSED = "processed"
    PARKED = "parked"


class ParkedStatus(StrEnum):
    """Where a parked event stands: set aside, on the backlog again, or normalised after all."""

    PARKED = "parked"
    RETRYING = "retrying"
    RESOLVED = "resolved"


class RawEventOut(Answer):
    """A webhook as it came, without its body."""

    event_id: str
    connection_id: UUID
    type: str
    api_version: str | None
    created: datetime
    received_at: datetime
    state: RawEventState

    @classmethod
    def of(cls, event: RawEvent, state: str) -> "RawEventOut":
        """A stored event and where it stands."""
        return cls.model_validate(_members(event, state))


class RawEventDetailOut(RawEventOut):
    """A webhook with its body: ``payload`` is Stripe's event, as it was signed."""

    payload: dict[str, Any]

    @classmethod
    def with_payload(cls, event: RawEvent, state: str) -> "RawEventDetailOut":
        """A stored event with its body."""
        return cls.model_validate(_members(event, state) | {"payload": orjson.loads(event.payload)})


def _members(event: RawEvent, state: str) -> dict[str, Any]:
    names = ("event_id", "connection_id", "type", "api_version", "created", "received_at")
    return {name: getattr(event, name) for name in names} | {"state": state}


class ParkedEventOut(Answer):
    """An event that could not be normalised: what was wrong, how often it was tried."""

    id: UUID
    connection_id: UUID
    event_id: str
    type: str
    error: str
    message: str
    attempts: int
    status: ParkedStatus
    first_parked_at: datetime
    last_parked_at: datetime

    @classmethod
    def of(cls, parked: ParkedEvent) -> "ParkedEventOut":
        """A stored parked event."""
        return cls.model_validate(parked)
