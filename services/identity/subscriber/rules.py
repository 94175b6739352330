"""What an API key may do on the bus: hear its organization's events and read them through its own consumers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Self
from uuid import UUID

from services.identity.api_key.rules import EVENTS_READ
from shared.contracts.topology import SUBSCRIBERS_ACCOUNT, SUBSCRIBERS_API, public_streams

_SUBSCRIPTIONS, _PAYLOAD_BYTES = 200, 16 * 1024
_STREAM_AND_CONSUMER = {9: slice(2, 4), 11: slice(4, 6), 12: slice(4, 6)}
"""Where an acknowledgement's subject has them: ``$JS.ACK.<stream>.<consumer>...``, or two words later."""


@dataclass(frozen=True, slots=True)
class SubscriberKey:
    """An API key, as far as the bus has to know it. ``scopes`` None: all that its role allows."""

    id: UUID
    organization_id: UUID
    digest: str
    scopes: frozenset[str] | None
    expires_at: datetime | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class Knock:
    """A NATS server's question whether somebody may enter."""

    server: str
    user_nkey: str
    credential: str

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Self:
        """From the question's claims. The key is the password, or the token; the user's name says nothing."""
        nats = claims["nats"]
        options = nats["connect_opts"]
        credential = options.get("pass") or options.get("auth_token") or ""
        return cls(nats["server_id"]["id"], nats["user_nkey"], credential)


def objection(key: SubscriberKey | None, now: datetime) -> str | None:
    """Why a key may not subscribe, or None."""
    if key is None:
        return "not an API key"
    if key.revoked:
        return "the API key was revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "the API key has expired"
    if key.scopes is not None and EVENTS_READ not in key.scopes:
        return f"the API key has no scope {EVENTS_READ}"
    return None


def inbox_of(key_id: UUID | str) -> str:
    """Where a key hears the answers to what it asks; nobody else may listen there."""
    return f"_INBOX.{key_id}"


def goes_to_asker(reply: str, key_id: str) -> bool:
    """Whether an answer would go to the inbox of the key that asks, and nowhere else."""
    words = reply.split(".")
    return len(words) > 2 and words[:2] == inbox_of(key_id).split(".") and all(words) and not {"*", ">"} & set(words)  # noqa: PLR2004 - the prefix has two words


def acknowledged(subject: str) -> tuple[str, str] | None:
    """The stream and the consumer that an acknowledgement is for; None for what is none."""
    words = subject.split(".")
    place = _STREAM_AND_CONSUMER.get(len(words))
    if place is None:
        return None
    stream, consumer = words[place]
    return stream, consumer


def permissions(organization_id: UUID, key_id: UUID) -> dict[str, Any]:
    """What a NATS server lets a key say and hear.

    Whatever it may say ends at the door (``door.py``): there is no subject by which it reaches JetStream itself.
    """
    said = []
    for stream in public_streams():
        said += [
            f"{SUBSCRIBERS_API}.CONSUMER.INFO.{stream}.{key_id}",
            f"{SUBSCRIBERS_API}.CONSUMER.MSG.NEXT.{stream}.{key_id}",
            f"$JS.ACK.{stream}.{key_id}.*.*.*.*.*",
            f"$JS.ACK._.*.{stream}.{key_id}.*.*.*.*.>",
        ]
    heard = [f"*.*.{organization_id}", f"{inbox_of(key_id)}.>"]
    return {"pub": {"allow": said}, "sub": {"allow": heard}}


def entry_claims(key: SubscriberKey, knock: Knock, now: datetime) -> dict[str, Any]:
    """The claims of the token by which a server lets a key in, until the key expires."""
    limits = {"subs": _SUBSCRIPTIONS, "data": -1, "payload": _PAYLOAD_BYTES, "allowed_connection_types": ["STANDARD"]}
    kind = {"type": "user", "version": 2}
    # Whole seconds, and not before the key: who is sent out must not be let in again.
    expiry = {} if key.expires_at is None else {"exp": ceil(key.expires_at.timestamp())}
    return {
        "sub": knock.user_nkey,
        "aud": SUBSCRIBERS_ACCOUNT,
        "name": str(key.id),
        "iat": int(now.timestamp()),
        "nats": permissions(key.organization_id, key.id) | limits | kind,
    } | expiry


def answer_claims(knock: Knock, now: datetime, *, token: str = "", refusal: str = "") -> dict[str, Any]:
    """The claims of the answer to a server: a token, or why not (the server's log shows it, the client does not)."""
    said = {"jwt": token} if token else {"error": refusal}
    return {
        "sub": knock.user_nkey,
        "aud": knock.server,
        "iat": int(now.timestamp()),
        "nats": said | {"type": "authorization_response", "version": 2},
    }
