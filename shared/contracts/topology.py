"""Streams, durable consumers and NATS users, declared once as data.

``trueup migrate`` applies it; services never create or change any of it.
"""

from dataclasses import dataclass
from typing import Any

from shared.contracts import EVENT_TYPES

SERVICES = ("identity", "gateway", "plans", "ingestion", "finance", "sync", "reporting")
"""Every service, in the order in which an operator reads them."""

CONSUMES: dict[str, tuple[str, ...]] = {
    "identity": ("AUDIT",),
    "plans": ("IDENTITY", "SYNC"),
    "ingestion": ("IDENTITY", "PLANS", "FINANCE"),
    "finance": ("IDENTITY", "PLANS", "INGESTION"),
    "sync": ("IDENTITY", "PLANS", "FINANCE"),
    "reporting": ("IDENTITY", "PLANS", "FINANCE", "SYNC"),
}
"""Which streams each service reads, each through one durable of its own."""

WAKE_PREFIX = "_wake"
"""Core-NATS pings ``_wake.<service>.<role>`` tell other replicas that there is work."""

USED_PREFIX = "_used"
"""Core-NATS pings ``_used.<service>.<organization id>.<api key id>`` tell identity that an API key is in use."""


def stream_of(owner: str) -> str:
    """The stream of a publishing service."""
    return owner.upper()


def stream_subjects() -> dict[str, list[str]]:
    """Each stream with the subjects it captures: one pattern per event type."""
    subjects: dict[str, list[str]] = {}
    for _type, event in sorted(EVENT_TYPES.items()):
        subjects.setdefault(stream_of(event.owner), []).append(event.subject_of("*", "*"))
    return subjects


def published_by(service: str) -> list[str]:
    """The subjects of a service's own events, and of the internal ones that it tells."""
    events = [event for _type, event in sorted(EVENT_TYPES.items()) if event.internal or event.owner == service]
    return [event.subject_of("*", service) for event in events]


def public_streams() -> dict[str, list[str]]:
    """The streams that other teams may read, with their subjects."""
    internal = {stream_of(event.owner) for event in EVENT_TYPES.values() if event.internal}
    return {stream: subjects for stream, subjects in stream_subjects().items() if stream not in internal}


@dataclass(frozen=True, slots=True)
class NatsUser:
    """A NATS user with what it may publish and subscribe to (deny wins over allow)."""

    name: str
    publish_allow: tuple[str, ...]
    subscribe_allow: tuple[str, ...]
    publish_deny: tuple[str, ...] = ()
    subscribe_deny: tuple[str, ...] = ()

    def permissions(self) -> dict[str, Any]:
        """The ``permissions`` block of a NATS server configuration."""
        return {
            "publish": {"allow": list(self.publish_allow), "deny": list(self.publish_deny)},
            "subscribe": {"allow": list(self.subscribe_allow), "deny": list(self.subscribe_deny)},
        }


def inbox_prefix(user: str) -> str:
    """Where replies to a user arrive; no other user can listen there."""
    return f"_INBOX_{user}"


def _service_user(service: str) -> NatsUser:
    own = stream_of(service)
    publish = [*published_by(service), f"{WAKE_PREFIX}.{service}.*", f"{USED_PREFIX}.{service}.*.*"]
    publish.append(f"$JS.API.STREAM.INFO.{own}")
    for stream in CONSUMES.get(service, ()):
        publish += [
            f"$JS.API.CONSUMER.INFO.{stream}.{service}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{service}",
            f"$JS.ACK.{stream}.{service}.>",
            f"$JS.ACK.*.*.{stream}.{service}.>",
        ]
    subscribe = [f"{inbox_prefix(service)}.>", f"{WAKE_PREFIX}.{service}.*"]
    if service == "identity":
        subscribe.append(f"{USED_PREFIX}.*.*.*")
    return NatsUser(service, tuple(publish), tuple(subscribe))


def _reader() -> NatsUser:
    """Another team's client: reads every public stream, publishes no event."""
    publish = ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST"]
    subscribe = [f"{inbox_prefix('reader')}.>", "_INBOX.>"]
    for stream, subjects in public_streams().items():
        publish += [
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.STREAM.MSG.GET.{stream}",
            f"$JS.API.DIRECT.GET.{stream}.>",
            f"$JS.API.CONSUMER.CREATE.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}.reader-*",
            f"$JS.API.CONSUMER.CREATE.{stream}.reader-*.>",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.reader-*",
            f"$JS.API.CONSUMER.INFO.{stream}.*",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*",
            f"$JS.API.CONSUMER.DELETE.{stream}.reader-*",
            f"$JS.ACK.{stream}.>",
            f"$JS.ACK.*.*.{stream}.>",
            "$JS.FC.>",
        ]
        subscribe += subjects
    # The services' own durables are not a reader's to fetch from or to acknowledge for.
    deny = [
        subject
        for service, streams in CONSUMES.items()
        for stream in streams
        for subject in (
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{service}",
            f"$JS.ACK.{stream}.{service}.>",
            f"$JS.ACK.*.*.{stream}.{service}.>",
        )
    ]
    return NatsUser("reader", tuple(dict.fromkeys(publish)), tuple(subscribe), tuple(deny))


def nats_users() -> list[NatsUser]:
    """Every NATS user: one per service, the operator's, and a reader for other teams."""
    operator = NatsUser("operator", (">",), (">",))
    return [*(_service_user(service) for service in SERVICES), operator, _reader()]
