"""The envelope: CloudEvents 1.0 in binary mode over NATS headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.event import REGISTRY, Delivery, Event
from shared.platform.bus.trace import from_headers, to_headers

MESSAGE_ID = "Nats-Msg-Id"
SCHEMA_ROOT = "urn:trueup:schema"


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event as it lies in the outbox or in the event log."""

    event_id: UUID
    organization_id: UUID
    event_type: str
    sequence: int | None
    payload: str
    traceparent: str | None
    recorded_at: datetime
    source: str = ""
    """The service that tells it."""

    @property
    def subject(self) -> str:
        """``<entity>.<verb>.<organization_id>``; of internal events see ``Event``."""
        declared = REGISTRY.get(self.event_type)
        if declared is not None:
            return declared.subject_of(self.organization_id, self.source)
        return f"{self.event_type}.{self.organization_id}"

    def headers(self) -> dict[str, str]:
        """A fresh header mapping (publishing changes it)."""
        declared = REGISTRY.get(self.event_type)
        version = declared.event_version if declared else 1
        headers = {
            MESSAGE_ID: str(self.event_id),
            "ce-specversion": "1.0",
            "ce-id": str(self.event_id),
            "ce-source": f"/trueup/{self.source or (declared.owner if declared else 'unknown')}",
            "ce-type": self.event_type,
            "ce-time": self.recorded_at.astimezone(UTC).isoformat(),
            "ce-subject": self.subject,
            "ce-dataschema": f"{SCHEMA_ROOT}:{self.event_type}:v{version}",
            "ce-organizationid": str(self.organization_id),
            "content-type": "application/json",
        }
        if self.sequence is not None:
            headers["ce-sequence"] = str(self.sequence)
        if self.traceparent is not None:
            headers |= to_headers(self.traceparent)
        return headers


class UndecodableError(ValueError):
    """A message that is no valid event of its type: retrying cannot help."""


def decode(headers: Mapping[str, str] | None, data: bytes, wanted: Mapping[str, type[Event]]) -> Event | None:
    """The event in a message, or None if its type is none of the ``wanted``.

    Raises ``UndecodableError`` when the headers or the body do not fit.
    """
    if not headers or "ce-type" not in headers:
        raise UndecodableError("the message has no ce-type header")
    event_class = wanted.get(headers["ce-type"])
    if event_class is None:
        return None
    try:
        event = event_class.model_validate_json(data)
        delivery = Delivery(
            event_id=UUID(headers["ce-id"]),
            time=datetime.fromisoformat(headers["ce-time"]),
            traceparent=from_headers(headers.get("traceparent"), headers.get("tracestate")),
        )
    except (ValidationError, ValueError, KeyError) as error:
        raise UndecodableError(_reason(error)) from error
    if headers.get("ce-organizationid") not in (None, str(event.organization_id)):
        raise UndecodableError("ce-organizationid is not the organization of the body")
    event.delivered(delivery)
    return event


def _reason(error: Exception) -> str:
    """What is wrong, without the values (they may be personal)."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return f"{type(error).__name__}: {error}"
