"""Spans of events on their way: one for each that belongs to a recorded trace, whatever batch it travels in.

A batch has no span of its own: the span of each event lasts as long as its batch, knows how many were in it, and the
last one (whose trace figures from several events continue) links to the others.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from shared.contracts.event import Event
from shared.platform.bus.trace import is_sampled, set_traceparent
from shared.platform.telemetry import tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanKind

T = TypeVar("T")

MOST_LINKS = 100


@contextmanager
def publishing(events: list[T]) -> Iterator[list[T]]:
    """Around handing outgoing events to the stream: gives them as they are to be published."""
    if not tracing.is_on():
        yield events
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only for who wants it

    with _each(events, "publish", SpanKind.PRODUCER, lambda event: event.event_type) as continued:
        yield continued


@contextmanager
def normalising(events: Sequence[T]) -> Iterator[Sequence[T]]:
    """Around turning raw events into rows: gives them with the trace that these rows' events continue."""
    if not tracing.is_on():
        yield events
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only for who wants it

    with _each(events, "normalise", SpanKind.CONSUMER, lambda event: event.type) as continued:
        set_traceparent(getattr(continued[-1], "traceparent", None) if continued else None)
        try:
            yield continued
        finally:
            set_traceparent(None)


@contextmanager
def handling(stream: str, events: Sequence[Event]) -> Iterator[None]:
    """Around applying consumed events: what they cause continues from here."""
    if not tracing.is_on():
        yield
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only for who wants it

    before = [event.delivery for event in events]
    spans = _Spans(SpanKind.CONSUMER, len(events), {"messaging.destination.name": stream})
    for event in events:
        delivery = event.delivery
        named = {"messaging.message.id": str(delivery.event_id)}
        context = spans.continued(f"process {event.event_type}", delivery.traceparent, named)
        event.delivered(dataclasses.replace(delivery, traceparent=context))
    set_traceparent(events[-1].delivery.traceparent if events else None)
    try:
        with spans:
            yield
    except BaseException:
        for event, delivery in zip(events, before, strict=True):
            event.delivered(delivery)  # the next attempt does not hang below this one
        raise
    finally:
        set_traceparent(None)


@contextmanager
def _each(events: Sequence[Any], verb: str, kind: "SpanKind", type_of: Callable[[Any], str]) -> Iterator[list[Any]]:
    """Spans of rows that have an ``event_id`` and a ``traceparent``."""
    spans = _Spans(kind, len(events), {})
    continued = []
    for event in events:
        named = {"messaging.message.id": str(event.event_id)}
        context = spans.continued(f"{verb} {type_of(event)}", event.traceparent, named)
        unchanged = context is event.traceparent
        continued.append(event if unchanged else dataclasses.replace(event, traceparent=context))
    with spans:
        yield continued


class _Spans:
    """The spans of one batch; they end together."""

    def __init__(self, kind: "SpanKind", events: int, attributes: dict[str, str | int]) -> None:
        self._kind = kind
        self._attributes = attributes | {"messaging.system": "nats", "messaging.batch.message_count": events}
        self._spans: list[Span] = []
        self._contexts: list[str] = []

    def continued(self, name: str, context: str | None, named: dict[str, str]) -> str | None:
        """Begin the span of one event if its trace is recorded; gives the context of what follows from it."""
        if context is None or not is_sampled(context):
            return context
        span = tracing.begin(name, self._kind, context, self._attributes | named)
        assert span is not None, "only called while tracing is on"
        self._spans.append(span)
        self._contexts.append(tracing.context_of(span, context))
        return self._contexts[-1]

    def __enter__(self) -> None:
        for context in self._contexts[-MOST_LINKS - 1 : -1]:
            link = tracing.link_to(context)
            self._spans[-1].add_link(link.context, link.attributes)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        for span in self._spans:
            if error is not None:
                tracing.fail(span, error)
            span.end()
