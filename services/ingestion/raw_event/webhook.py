"""``POST /webhooks/stripe/{connection_id}``: the one bare ASGI route, for Stripe.

Signature first, on the raw body; then what the body must be; then stored, and 200 after the commit. A
repeat is 200 and changes nothing. What is refused leaves nothing but a count.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from prometheus_client import Counter
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from stripe import SignatureVerificationError, WebhookSignature

from services.ingestion.connection.routes import Route, Routes
from services.ingestion.raw_event.intake import Incoming, Intake, Stalled
from services.ingestion.raw_event.rules import Headline, Refusal, read_headline, signed_at
from services.ingestion.raw_event.rush import rush_of
from shared.kernel.clock import now
from shared.platform.bus.trace import current_traceparent
from shared.platform.http.problems import problem_response
from shared.platform.service import Runtime

PATH = "/webhooks/stripe"
TOLERANCE_SECONDS = 300
MAX_BODY_BYTES = 1024 * 1024
# Read and thrown away before the answer: a sender that is cut off while it writes does not see why.
_DRAINED_BYTES = 16 * 1024 * 1024

ACCEPTED = Counter("trueup_webhooks_accepted_total", "Webhooks answered with 200, repeats included")
REFUSED = Counter("trueup_webhooks_refused_total", "Webhooks refused, nothing stored", ["reason"])

_TITLES = {
    400: "The webhook is not accepted",
    404: "Not found",
    405: "Method not allowed",
    413: "The body is too large",
}


_RECEIVED = JSONResponse({"received": True})


class _Gone(Exception):
    """The sender went away."""


def webhook_app(runtime: Runtime) -> ASGIApp:
    """The ASGI application of one process."""
    routes = Routes(runtime.database, runtime.settings.secret_key_bytes)
    return Webhooks(routes, Intake(runtime.database.pool, rush_of(runtime)), lambda: runtime.wakeups.wake("normaliser"))


class Webhooks:
    """Checks and stores webhooks."""

    def __init__(self, routes: Routes, intake: Intake, stored: Callable[[], None]) -> None:
        self._routes = routes
        self._intake = intake
        self._stored = stored

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            response = await self._answer(scope, receive)
        except _Gone:
            return
        except Refusal as refusal:
            REFUSED.labels(refusal.code).inc()
            headers = {"Allow": "POST"} if refusal.status == 405 else None  # noqa: PLR2004 - method not allowed
            title = _TITLES[refusal.status]
            response = problem_response(refusal.status, refusal.code, title, refusal.detail, headers=headers)
        except Stalled as stalled:
            REFUSED.labels("stalled").inc()
            response = problem_response(
                503, "unavailable", "Temporarily unavailable", f"Try again: {stalled}.", headers={"Retry-After": "5"}
            )
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            raise Refusal("method_not_allowed", "Webhooks are posted.", 405)
        route = await self._route(scope)
        body = await _read(scope, receive)
        verify(body, _header(scope, b"stripe-signature"), route)
        headline = read_headline(body, livemode=route.livemode, account=route.stripe_account_id)
        await self._intake.store(_incoming(route, headline, body))
        ACCEPTED.inc()
        self._stored()
        return _RECEIVED

    async def _route(self, scope: Scope) -> Route:
        name = str(scope["path"]).rstrip("/").rpartition("/")[2]
        try:
            connection_id = UUID(name)
        except ValueError as error:
            raise _unknown() from error
        route = await self._routes.find(connection_id)
        if route is None:
            raise _unknown()
        return route


def _unknown() -> Refusal:
    return Refusal("unknown_connection", "There is no active connection with this id.", 404)


def verify(body: bytes, header: str | None, route: Route) -> None:
    """Check the signature with each active secret (constant time), then its age; raise ``Refusal``."""
    if not any(_is_signed(body, header, secret) for secret in route.secrets):
        raise Refusal("signature_invalid", "The Stripe-Signature header does not fit the body and this connection.")
    signed = signed_at(header)
    if signed is None or signed < now().timestamp() - TOLERANCE_SECONDS:
        raise Refusal("timestamp_too_old", f"The signature is older than {TOLERANCE_SECONDS} seconds.")


def _is_signed(body: bytes, header: str | None, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body, header, secret))
    except (SignatureVerificationError, UnicodeError):
        return False


def _incoming(route: Route, headline: Headline, body: bytes) -> Incoming:
    return Incoming(
        organization_id=route.organization_id,
        connection_id=route.connection_id,
        event_id=headline.event_id,
        type=headline.type,
        api_version=headline.api_version,
        created=datetime.fromtimestamp(headline.created, UTC),
        received_at=now(),
        payload=body,
        traceparent=current_traceparent(),
    )


def _header(scope: Scope, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), None)


async def _read(scope: Scope, receive: Receive) -> bytes:
    """The raw body, at most 1 MiB."""
    announced = _header(scope, b"content-length") or ""
    if announced.isdigit() and int(announced) > _DRAINED_BYTES:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > _DRAINED_BYTES:
            raise _too_large()
        if size <= MAX_BODY_BYTES:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(chunks)


def _too_large() -> Refusal:
    return Refusal("body_too_large", f"A webhook has at most {MAX_BODY_BYTES} bytes.", 413)
