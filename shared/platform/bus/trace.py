"""Carrying a W3C trace context from the request or message that is being handled to what it causes."""

import re
import secrets
from contextvars import ContextVar

_PATTERN = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    """The trace context of what this task is doing, or None."""
    return _current.get()


def set_traceparent(value: str | None) -> None:
    """Continue a trace; something that is no ``traceparent`` is dropped."""
    _current.set(value if value and _PATTERN.match(value) else None)


def new_traceparent() -> str:
    """The root of a new, sampled trace."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
