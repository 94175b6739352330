"""The AsyncAPI 3.0 document of all events, declared through FastStream."""

from typing import Any

import orjson
from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI

from shared.contracts import EVENT_TYPES
from shared.contracts.topology import stream_of

HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0, binary mode",
    "required": ["ce-id", "ce-source", "ce-type", "ce-time", "ce-specversion", "ce-subject", "ce-dataschema"],
    "properties": {
        "Nats-Msg-Id": {"type": "string", "description": "the event's id; the stream drops a repeat of it"},
        "ce-id": {"type": "string", "format": "uuid", "description": "the event's id (UUIDv7)"},
        "ce-source": {"type": "string", "description": "/trueup/<publishing service>"},
        "ce-type": {"type": "string"},
        "ce-time": {"type": "string", "format": "date-time"},
        "ce-specversion": {"type": "string", "const": "1.0"},
        "ce-subject": {"type": "string", "description": "the NATS subject"},
        "ce-dataschema": {"type": "string", "description": "urn:trueup:schema:<type>:v<version>"},
        "ce-organizationid": {"type": "string", "format": "uuid"},
        "ce-sequence": {"type": "string", "description": "the aggregate's version: apply it when it is newer"},
        "traceparent": {"type": "string", "description": "W3C trace context"},
    },
}


def asyncapi_document(version: str) -> dict[str, Any]:
    """Every event type as a channel that its owner sends to."""
    broker = NatsBroker()
    for event_type, event in EVENT_TYPES.items():
        broker.publisher(event.subject_of("*", "*"), title=event_type, schema=event, description=event.__doc__)
    generated = AsyncAPI(
        broker,
        title="Trueup events",
        version=version,
        description="Subjects are <entity>.<verb>.<organization_id>; payloads are JSON.",
        schema_version="3.0.0",
    )
    document: dict[str, Any] = orjson.loads(generated.to_specification().to_json())
    # FastStream's own example server and correlation header are not ours.
    document.pop("servers", None)
    for event_type, channel in document["channels"].items():
        channel.pop("servers", None)
        event = EVENT_TYPES[event_type]
        channel["x-stream"] = stream_of(event.owner)
        channel["x-kind"] = event.kind.value
        channel["x-key"] = ["organization_id", *event.key]
    for message in document["components"]["messages"].values():
        message.pop("correlationId", None)
        message["headers"] = HEADERS
    return document
