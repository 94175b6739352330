"""What is known of every HTTP request: its trace, how it was answered, how long it took."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.platform.bus.trace import current_traceparent, new_traceparent, received_now, set_traceparent
from shared.platform.telemetry import tracing

if TYPE_CHECKING:
    from opentelemetry.trace import Span

REQUESTS = Counter("trueup_http_requests_total", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "trueup_http_request_seconds",
    "From a request's headers to the end of its answer",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

UNTRACED = frozenset(("/healthz", "/readyz", "/metrics"))
_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
_FAILED = 500
_Observe = tuple[Callable[[], None], Callable[[float], None]]


class RequestsMiddleware:
    """Continues the caller's trace, or starts one; counts and measures."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._known: dict[tuple[str, str, int], _Observe] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        span = begin_request(scope, given)
        status = _FAILED

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = route_of(scope)
            self._observe(scope["method"], route, status, time.perf_counter() - started)
            if span is not None:
                end_request(span, scope["method"], route, status)

    def _observe(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        observe = self._known.get(key)
        if observe is None:
            word = method if method in _METHODS else "other"
            counter = REQUESTS.labels(word, route, str(status))
            observe = self._known[key] = (counter.inc, SECONDS.labels(word, route).observe)
        observe[0]()
        observe[1](seconds)


def begin_request(scope: Scope, given: str | None) -> "Span | None":
    """Let what this task does belong to the caller's trace, or to a new one; its span when tracing is on."""
    set_traceparent(given)
    caller = current_traceparent()
    span = None
    if tracing.is_on() and scope["path"] not in UNTRACED:
        from opentelemetry.trace import SpanKind  # noqa: PLC0415 - only for who wants it

        attributes = {"http.request.method": scope["method"], "url.scheme": scope.get("scheme", "http")}
        span = tracing.begin(scope["method"], SpanKind.SERVER, caller, attributes)
    context = caller or new_traceparent() if span is None else tracing.context_of(span, caller)
    set_traceparent(received_now(context))
    return span


def end_request(span: "Span", method: str, route: str, status: int) -> None:
    """Name the span by its route, and end it."""
    span.update_name(f"{method} {route}")
    span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    if status >= _FAILED:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded by now

        span.set_status(StatusCode.ERROR)
    span.end()


def route_of(scope: Scope) -> str:
    """The template that a request's path fits: never the path itself, of which there are endlessly many."""
    route: Any = scope.get("route")
    if route is not None:
        return str(route.path)
    return f"{scope['root_path']}/*" if scope.get("root_path") else "none"
