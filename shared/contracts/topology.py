"""Streams, durable consumers and NATS users, declared once as data.

``trueup migrate`` applies it; services never create or change any of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts import EVENT_TYPES, Event
from shared.contracts.audit import AuditRecorded
from shared.contracts.finance import AccountUpdated, MetricObservation
from shared.contracts.identity import ApiKeyState, MemberState, OrganizationState
from shared.contracts.ingestion import DisputeState, PaymentReceived, PayoutState, RefundState, SubscriptionChanged
from shared.contracts.plans import MilestoneReached, PlanState, VentureState
from shared.contracts.sync import AlertState, MetricComparison, ProjectionState, ReviewCompleted, TargetsProposed

SERVICES = ("identity", "gateway", "plans", "ingestion", "finance", "sync", "reporting")
"""Every service, in the order in which an operator reads them."""

EventClasses = tuple[type[Event], ...]
WHO_MAY_WHAT: EventClasses = (OrganizationState, MemberState, ApiKeyState)
"""What every service that answers people knows of identity."""

CONSUMES: Mapping[str, Mapping[str, EventClasses]] = {
    "identity": {"AUDIT": (AuditRecorded,)},
    "plans": {"IDENTITY": WHO_MAY_WHAT, "SYNC": (MetricComparison, ReviewCompleted, TargetsProposed)},
    "ingestion": {"IDENTITY": WHO_MAY_WHAT, "PLANS": (VentureState,), "FINANCE": (AccountUpdated,)},
    "finance": {
        "IDENTITY": WHO_MAY_WHAT,
        "PLANS": (VentureState, PlanState),
        "INGESTION": (PaymentReceived, RefundState, DisputeState, PayoutState, SubscriptionChanged),
    },
    "sync": {
        "IDENTITY": WHO_MAY_WHAT,
        "PLANS": (VentureState, PlanState, MilestoneReached),
        "FINANCE": (MetricObservation,),
    },
    "reporting": {
        "IDENTITY": WHO_MAY_WHAT,
        "PLANS": (VentureState, PlanState),
        "FINANCE": (MetricObservation,),
        "SYNC": (MetricComparison, AlertState, ProjectionState),
    },
}
"""Which streams each service reads, each through one durable of its own, and the events that it is delivered.

A base class stands for all its events.
"""

WAKE_PREFIX = "_wake"
"""Core-NATS pings ``_wake.<service>.<role>`` tell other replicas that there is work."""

USED_PREFIX = "_used"
"""Core-NATS pings ``_used.<service>.<organization id>.<api key id>`` tell identity that an API key is in use."""

SERVICES_ACCOUNT = "TRUEUP"
"""The NATS account of services, streams and the operator."""
SUBSCRIBERS_ACCOUNT = "SUBSCRIBERS"
"""The NATS account of API keys: what is said in it reaches no stream and no service but the doorkeeper."""
SYSTEM_ACCOUNT = "SYSTEM"

DOORKEEPER = "doorkeeper"
"""The NATS user by which identity lets API keys in and passes on what they may ask."""
SUBSCRIBERS_DOMAIN = "trueup"
"""The JetStream domain that a subscriber's client names."""
SUBSCRIBERS_API = f"$JS.{SUBSCRIBERS_DOMAIN}.API"
ADMISSION = "$SYS.REQ.USER.AUTH"
"""Where a NATS server asks whether somebody whom it does not know may enter."""
DOOR_NEXT, DOOR_ACK = "_door.NEXT", "_door.ACK"
"""What the doorkeeper passes on to the streams: fetches and acknowledgements whose reply it has looked at."""
CONNECTIONS, KICK = "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.SERVER.*.KICK"


def stream_of(owner: str) -> str:
    """The stream of a publishing service."""
    return owner.upper()


def stream_subjects() -> dict[str, list[str]]:
    """Each stream with the subjects it captures: one pattern per event type."""
    subjects: dict[str, list[str]] = {}
    for _type, event in sorted(EVENT_TYPES.items()):
        subjects.setdefault(stream_of(event.owner), []).append(event.subject_of("*", "*"))
    return subjects


def delivered_subjects(service: str, stream: str) -> list[str]:
    """The subjects that a service's durable on a stream delivers: those of the events that it handles, no others."""
    wanted = CONSUMES[service][stream]
    return sorted(event.subject_of("*", "*") for event in EVENT_TYPES.values() if issubclass(event, wanted))


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
    """A NATS user with what it may publish and subscribe to, and nothing else."""

    name: str
    publish_allow: tuple[str, ...]
    subscribe_allow: tuple[str, ...]
    account: str = SERVICES_ACCOUNT

    def permissions(self) -> dict[str, Any]:
        """The ``permissions`` block of a NATS server configuration."""
        return {
            "publish": {"allow": list(self.publish_allow)},
            "subscribe": {"allow": list(self.subscribe_allow)},
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
        for stream in public_streams():  # it makes the consumers of API keys
            publish += [f"$JS.API.CONSUMER.CREATE.{stream}.*.*.*.*", f"$JS.API.CONSUMER.INFO.{stream}.*"]
    return NatsUser(service, tuple(publish), tuple(subscribe))


def _reader() -> NatsUser:
    """The operator's eye: hears every public stream, reads it through a durable of its own, publishes no event.

    A server matches whole words, so the durable has exactly this name; consumers that come and go get theirs from the
    server, deliver into the inbox, and are neither fetched from nor acknowledged.
    """
    name = "reader"
    publish = ["$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST", "$JS.FC.>"]
    subscribe = [f"{inbox_prefix(name)}.>", "_INBOX.>"]
    for stream, subjects in public_streams().items():
        publish += [
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.STREAM.MSG.GET.{stream}",
            f"$JS.API.DIRECT.GET.{stream}.>",
            f"$JS.API.CONSUMER.CREATE.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{name}",
            f"$JS.API.CONSUMER.CREATE.{stream}.{name}.>",
            f"$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{name}",
            f"$JS.API.CONSUMER.INFO.{stream}.*",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}",
            f"$JS.API.CONSUMER.DELETE.{stream}.{name}",
            f"$JS.ACK.{stream}.{name}.>",
            f"$JS.ACK.*.*.{stream}.{name}.>",
        ]
        subscribe += subjects
    return NatsUser(name, tuple(publish), tuple(subscribe))


def _doorkeeper() -> NatsUser:
    """Identity among the subscribers: it alone answers them there, and only into their inboxes."""
    publish = ("$SYS._INBOX.>", "_INBOX.>", f"{DOOR_NEXT}.*.*", f"{DOOR_ACK}.>", CONNECTIONS, KICK)
    asked = (f"{SUBSCRIBERS_API}.CONSUMER.INFO.*.*", f"{SUBSCRIBERS_API}.CONSUMER.MSG.NEXT.*.*", "$JS.ACK.>")
    subscribe = (ADMISSION, *asked, f"{inbox_prefix(DOORKEEPER)}.>")
    return NatsUser(DOORKEEPER, publish, subscribe, account=SUBSCRIBERS_ACCOUNT)


def nats_users() -> list[NatsUser]:
    """Every NATS user: one per service, the operator's, a reader of everything, and the doorkeeper."""
    operator = NatsUser("operator", (">",), (">",))
    return [*(_service_user(service) for service in SERVICES), operator, _reader(), _doorkeeper()]


def nats_accounts() -> dict[str, dict[str, Any]]:
    """The NATS accounts, and what one lets another have.

    A server checks where a client publishes, and never where it wants its answer: whoever may ask JetStream
    anything can have the answer stored as somebody's event, or taken for another's acknowledgement. So API keys live in
    an account whose questions reach the doorkeeper only; it passes on those whose answer goes to the asker.
    """
    next_message, acknowledgement = "$JS.API.CONSUMER.MSG.NEXT.*.*", "$JS.ACK.>"
    to_subscribers = {"accounts": [SUBSCRIBERS_ACCOUNT]}

    def imported(kind: str, account: str, subject: str, **more: Any) -> dict[str, Any]:
        return {kind: {"account": account, "subject": subject}, **more}

    return {
        SERVICES_ACCOUNT: {
            "jetstream": "enabled",
            "exports": [
                {"stream": "*.*.*", **to_subscribers},
                {"service": next_message, "response_type": "stream", **to_subscribers},
                {"service": acknowledgement, **to_subscribers},
            ],
        },
        SUBSCRIBERS_ACCOUNT: {
            "imports": [
                imported("stream", SERVICES_ACCOUNT, "*.*.*"),
                imported("service", SERVICES_ACCOUNT, next_message, to=f"{DOOR_NEXT}.$1.$2"),
                imported("service", SERVICES_ACCOUNT, acknowledgement, to=f"{DOOR_ACK}.>"),
                imported("service", SYSTEM_ACCOUNT, CONNECTIONS),
                imported("service", SYSTEM_ACCOUNT, KICK),
            ],
        },
        SYSTEM_ACCOUNT: {
            "exports": [
                {"service": CONNECTIONS, "response_type": "stream", **to_subscribers},
                {"service": KICK, **to_subscribers},
            ],
        },
    }
