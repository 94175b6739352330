"""What a webhook's body must be before it is stored, and what it shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.ingestion.stripe_object.rules.observation import Observation
from services.ingestion.stripe_object.rules.reading import observations
from services.ingestion.stripe_object.rules.values import Malformed

_EVENT_ID = re.compile(r"^evt_[A-Za-z0-9_]{1,250}$")
_TYPE = re.compile(r"^[a-z0-9_.]{1,200}$")
_API_VERSION = re.compile(r"^[A-Za-z0-9_.-]{1,64}$")
_LAST_SECOND = 253_402_300_799
_NUL_ESCAPED = b"\\u0000"


class Refusal(Exception):
    """A webhook is not accepted: nothing of it is stored."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status


@dataclass(frozen=True, slots=True)
class Headline:
    """What is stored of an event beside its body. ``created`` is in seconds since 1970."""

    event_id: str
    type: str
    api_version: str | None
    created: int


def read_headline(body: bytes, *, livemode: bool, account: str | None) -> Headline:
    """Check that a signed body is an event of this connection, or raise ``Refusal``."""
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refusal("malformed_json", "The body is not JSON.") from error
    if not isinstance(event, dict) or event.get("object") != "event":
        raise Refusal("malformed_event", 'The body is not a Stripe event: "object" is not "event".')
    headline = Headline(
        _matching(event, "id", _EVENT_ID),
        _matching(event, "type", _TYPE),
        None if event.get("api_version") is None else _matching(event, "api_version", _API_VERSION),
        _created(event),
    )
    data = event.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise Refusal("malformed_event", "data.object is not an object.")
    if event.get("livemode") is not livemode:
        mode = "live" if livemode else "test"
        raise Refusal(
            "wrong_mode", f"This connection takes {mode} mode events only (livemode {str(livemode).lower()})."
        )
    if account is not None and event.get("account") not in (None, account):
        raise Refusal("wrong_account", "The event belongs to another Stripe account than this connection.")
    return headline


def _matching(event: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not pattern.match(value):
        raise Refusal("malformed_event", f"{name} is missing, or not what Stripe sends.")
    return value


def _created(event: Mapping[str, Any]) -> int:
    created = event.get("created")
    if isinstance(created, bool) or not isinstance(created, int) or not 0 <= created <= _LAST_SECOND:
        raise Refusal("malformed_event", "created is not a time in seconds since 1970.")
    return created


def signed_at(header: str | None) -> int | None:
    """The time that a ``Stripe-Signature`` header names; None if it names none."""
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and value.isascii() and value.isdigit():
            return int(value)
    return None


def shown_by(payload: bytes) -> list[Observation]:
    """What a stored event shows of which objects. Raises ``Malformed`` for what cannot be normalised."""
    event = orjson.loads(payload)
    if _NUL_ESCAPED in payload and _has_nul(event):
        raise Malformed("the event holds the character U+0000, which cannot be stored")
    return observations(event)


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(name) or _has_nul(entry) for name, entry in value.items())
    return isinstance(value, list) and any(_has_nul(entry) for entry in value)
