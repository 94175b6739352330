"""Carrying a trace from the request or message that is being handled to what it causes.

A *trace context* is one text: a W3C ``traceparent``, and after a blank our member of ``tracestate``, the moment
(milliseconds since 1970) at which the fact that started it all reached us. It lies in rows beside what it caused, and
travels as the headers ``traceparent`` and ``tracestate``. Whether it is being recorded stands in its last flag.
"""

import random
import re
import time
from contextvars import ContextVar

_PATTERN = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}( trueup=[0-9]{1,15})?")
_TRACEPARENT_LENGTH = 55
_ID_BITS = 128 + 64
_MEMBER = "trueup="
_SAMPLED_DIGITS = frozenset("13579bdf")
_current: ContextVar[str | None] = ContextVar("trace_context", default=None)


def current_traceparent() -> str | None:
    """The trace context of what this task is doing, or None."""
    return _current.get()


def set_traceparent(value: str | None) -> None:
    """Continue a trace; something that is no trace context is dropped."""
    _current.set(value if value and _PATTERN.fullmatch(value) else None)


def new_traceparent() -> str:
    """The root of a new trace that nobody records; it ties log lines together."""
    bits = random.getrandbits(_ID_BITS)  # ids are no secrets; a forked process has a seed of its own
    return f"00-{bits >> 64:032x}-{bits & 0xFFFFFFFFFFFFFFFF:016x}-00"


def is_sampled(context: str | None) -> bool:
    """Whether a trace is being recorded."""
    return context is not None and context[_TRACEPARENT_LENGTH - 1 : _TRACEPARENT_LENGTH] in _SAMPLED_DIGITS


def received_now(traceparent: str) -> str:
    """The trace context of a fact that reaches us at this moment."""
    return f"{traceparent[:_TRACEPARENT_LENGTH]} {_MEMBER}{time.time_ns() // 1_000_000}"


def received_at(context: str | None) -> float | None:
    """When the fact reached us that started a trace, in seconds since 1970 by the real clock; None if not known."""
    if context is None or len(context) <= _TRACEPARENT_LENGTH:
        return None
    return int(context[_TRACEPARENT_LENGTH + 1 + len(_MEMBER) :]) / 1000


def with_parent(context: str | None, traceparent: str) -> str:
    """A trace context that goes on from another span, and keeps what it knew."""
    return traceparent + (context or "")[_TRACEPARENT_LENGTH:]


def to_headers(context: str) -> dict[str, str]:
    """The W3C headers of a trace context."""
    traceparent, _, state = context.partition(" ")
    return {"traceparent": traceparent, "tracestate": state} if state else {"traceparent": traceparent}


def from_headers(traceparent: str | None, tracestate: str | None) -> str | None:
    """The trace context of a message's headers; what is none, and a tracestate that is not ours, is left out."""
    for context in (f"{traceparent} {tracestate}", traceparent or ""):
        if _PATTERN.fullmatch(context):
            return context
    return None
