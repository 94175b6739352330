"""Spans of SQL statements within recorded traces: what they do to which table, never their text or values."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from sqlalchemy import event
from sqlalchemy.engine import Engine

from shared.platform.bus.trace import current_traceparent, is_sampled
from shared.platform.telemetry import tracing

_STARTED = "trueup_statement_started"
_VERB = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
_NOTHING = nullcontext()
_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE|JOIN)\s+([a-z_]+\.[a-z_]+)", re.IGNORECASE)


def watch(engine: Engine) -> None:
    """Make spans of an engine's statements, when tracing is on."""
    if not tracing.is_on():
        return
    event.listen(engine, "before_cursor_execute", _before)
    event.listen(engine, "after_cursor_execute", _after)


class _Query(Protocol):
    @property
    def query(self) -> str | bytes:
        """The text."""


def sending(statements: Sequence[_Query]) -> AbstractContextManager[None]:
    """Around statements that go to the driver together: one span for the round trip."""
    context = current_traceparent()
    return _round_trip(statements, context) if tracing.is_on() and is_sampled(context) else _NOTHING


@contextmanager
def _round_trip(statements: Sequence[_Query], context: str | None) -> Iterator[None]:
    started = time.time_ns()
    yield
    queries = (one.query if isinstance(one.query, str) else one.query.decode() for one in statements)
    _end(", ".join(map(summary, queries)), context, started)


def summary(statement: str) -> str:
    """``INSERT platform.inbox``: the verb, and the first table that is named."""
    verb, table = _VERB.search(statement), _TABLE.search(statement)
    return " ".join([verb[1].upper() if verb else "SQL", *([table[1]] if table else [])])


def _before(connection: Any, *_more: Any) -> None:
    connection.info[_STARTED] = time.time_ns() if is_sampled(current_traceparent()) else None


def _after(connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    started = connection.info.pop(_STARTED, None)
    if started is None:
        return
    _end(summary(statement), current_traceparent(), started)


def _end(named: str, context: str | None, started: int) -> None:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only within recorded traces

    attributes = {"db.system.name": "postgresql", "db.query.summary": named}
    span = tracing.begin_sampled(named, SpanKind.CLIENT, context, attributes, started=started)
    if span is not None:
        span.end()
