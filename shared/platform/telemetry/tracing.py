"""OpenTelemetry spans, for who wants them: off, and not even imported, unless the standard ``OTEL_*`` variables say so.

What a span continues is a trace context (``shared.platform.bus.trace``), never a global of OpenTelemetry's: rows and
messages carry it from process to process. Attributes are names, ids and counts: never amounts, bodies, queries,
texts of errors, or anything else of a person.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from shared.platform.bus.trace import is_sampled, with_parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Tracer

log = structlog.get_logger()

FILE_VARIABLE = "TRUEUP_TRACES_FILE"
DEFAULT_SHARE = 0.01
"""The share of traces that is recorded when ``OTEL_TRACES_SAMPLER`` says nothing."""
FLUSH_SECONDS = 3.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class _State:
    """Of this process."""

    provider: TracerProvider | None = None
    tracer: Tracer | None = None


def is_on() -> bool:
    """Whether this process records spans."""
    return _State.tracer is not None


def _is_wanted(environment: Mapping[str, str]) -> bool:
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true" or environment.get("OTEL_TRACES_EXPORTER") == "none":
        return False
    return bool(
        environment.get(FILE_VARIABLE)
        or environment.get("OTEL_TRACES_EXPORTER") == "otlp"
        or any(environment.get(name) for name in _ENDPOINTS)
    )


def configure(service: str) -> None:
    """Set up this process (after a fork: the exporter has a thread) by the environment."""
    if not _is_wanted(os.environ):
        return
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only for who wants it
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    instance = f"{socket.gethostname()}:{os.getpid()}"
    resource = Resource.create({"service.namespace": "trueup", "service.instance.id": instance, **named})
    provider = TracerProvider(sampler=_sampler(), resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_exporter()))
    _State.provider, _State.tracer = provider, provider.get_tracer("trueup")
    log.info("tracing.on", sampler=provider.sampler.get_description())


def _sampler() -> Sampler | None:
    """The usual share; None leaves it to ``OTEL_TRACES_SAMPLER``."""
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415 - only for who wants it

    return None if os.environ.get("OTEL_TRACES_SAMPLER") else ParentBasedTraceIdRatio(DEFAULT_SHARE)


def _exporter() -> SpanExporter:
    """One JSON line a span into a file that all processes share, or OTLP over HTTP."""
    if path := os.environ.get(FILE_VARIABLE):
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter  # noqa: PLC0415 - only for who wants it

        # Line by line: what is appended in one write does not mix with what others append.
        file = Path(path).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - as long as the process lives
        return ConsoleSpanExporter(out=file, formatter=lambda span: span.to_json(indent=None) + "\n")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return OTLPSpanExporter()


def shutdown() -> None:
    """Hand over what is still here; a collector that is away is not waited for."""
    provider, _State.provider, _State.tracer = _State.provider, None, None
    if provider is not None:
        flushing = threading.Thread(target=provider.shutdown, daemon=True)
        flushing.start()
        flushing.join(FLUSH_SECONDS)


def begin(
    name: str,
    kind: SpanKind,
    parent: str | None,
    attributes: Mapping[str, str | int],
    *,
    links: Iterable[Link] = (),
    started: int | None = None,
) -> Span | None:
    """A span that continues a trace, or a new one if there is none; the sampler decides. None when tracing is off."""
    if _State.tracer is None:
        return None
    context = None
    if parent is not None:
        from opentelemetry.trace import NonRecordingSpan, set_span_in_context  # noqa: PLC0415 - loaded by now

        context = set_span_in_context(NonRecordingSpan(_span_context(parent)))
    return _State.tracer.start_span(
        name, context, kind, attributes, links=list(links), start_time=started, record_exception=False
    )


def begin_sampled(
    name: str, kind: SpanKind, parent: str | None, attributes: Mapping[str, str | int], **more: Any
) -> Span | None:
    """The same for messages and statements: only within a trace that is being recorded."""
    return begin(name, kind, parent, attributes, **more) if is_sampled(parent) else None


def context_of(span: Span, continued: str | None) -> str:
    """The trace context of what a span causes; ``continued`` is the one that it continues."""
    own = span.get_span_context()
    return with_parent(continued, f"00-{own.trace_id:032x}-{own.span_id:016x}-{own.trace_flags:02x}")


def link_to(context: str) -> Link:
    """A link to the span that a trace context names."""
    from opentelemetry.trace import Link  # noqa: PLC0415 - loaded by now

    return Link(_span_context(context))


def fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed. Of the error only its class: texts may be personal."""
    from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded by now

    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", type(error).__name__)


def _span_context(context: str) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags  # noqa: PLC0415 - loaded by now

    return SpanContext(int(context[3:35], 16), int(context[36:52], 16), True, TraceFlags(int(context[53:55], 16)))  # noqa: FBT003 - is_remote
