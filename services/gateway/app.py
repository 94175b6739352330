"""The gateway's ASGI application: find the service, hand the request over, answer for what is nobody's."""

import asyncio
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any
from uuid import uuid4

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import MetaData
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.headers import EXPOSED, secured
from services.gateway.route.forwarding import (
    AnswerLostError,
    BodyTooLargeError,
    Forwarder,
    ServiceAwayError,
    ServiceBusyError,
    read_body,
)
from services.gateway.route.rules import METHODS, Match, RouteTable
from services.gateway.settings import GatewaySettings
from shared.contracts.topology import SERVICES
from shared.platform.bus.trace import current_traceparent
from shared.platform.http.problems import problem_response
from shared.platform.service import Service
from shared.platform.settings import Settings, environment
from shared.platform.telemetry import requests, tracing

MAX_BODY_BYTES = 1024 * 1024
_TRACE_HEADERS = (b"traceparent", b"tracestate")
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


def merged_openapi() -> bytes:
    """The committed document (``trueup openapi`` writes it, a test keeps it fresh)."""
    return files("services.gateway").joinpath("openapi.json").read_bytes()


class Gateway:
    """One process of the gateway."""

    def __init__(self, addresses: dict[str, Sequence[str]], document: bytes, settings: GatewaySettings) -> None:
        self._document = document
        self._routes = RouteTable(orjson.loads(document)["paths"])
        self._forwarder = Forwarder(addresses, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the life of the process."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        send = secured(send)
        own = await self._own_answer(scope)
        if own is not None:
            await own(scope, receive, send)
            return
        if tracing.is_on():
            await self._answer_traced(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer_traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer within a span, which the service's own span continues."""
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"traceparent"), None)
        span = requests.begin_request(scope, given)
        status = 499  # the client went away

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        match = self._routes.match(scope["method"], scope["path"])
        others = [(name, value) for name, value in scope["headers"] if name not in _TRACE_HEADERS]
        traceparent = (current_traceparent() or "").partition(" ")[0]
        continued = {**scope, "headers": [*others, (b"traceparent", traceparent.encode())]}
        try:
            await self._answer(continued, receive, noting)
        finally:
            if span is not None:
                requests.end_request(span, scope["method"], (match and match.template) or "none", status)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        problem = await self._hand_over(scope, receive, send, request_id)
        if problem is not None:
            problem.headers["x-request-id"] = request_id
            await problem(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self._forwarder.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._forwarder.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _own_answer(self, scope: Scope) -> Response | None:
        path = scope["path"]
        if path == "/openapi.json":
            return Response(self._document, media_type="application/json")
        if path == "/healthz":
            return JSONResponse({"status": "alive"})
        if path == "/readyz":
            return await self._readiness()
        if path == "/metrics":
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
        if path == "/":
            return JSONResponse({"name": "Trueup", "openapi": "/openapi.json", "health": "/healthz"})
        return None

    async def _readiness(self) -> Response:
        names = list(self._forwarder.services)
        states = await asyncio.gather(*(self._forwarder.is_ready(name) for name in names))
        checks = {name: "ok" if state else "not ready" for name, state in zip(names, states, strict=True)}
        good = all(states)
        return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)

    async def _hand_over(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> Response | None:
        """Forward the request; a problem when that cannot be done."""
        match = self._routes.match(scope["method"], scope["path"])
        if match is None or match.service is None:
            return _nobody(match)
        try:
            body = await read_body(receive, MAX_BODY_BYTES)
            await self._forwarder.forward(match.service, scope, body, send, request_id)
        except ConnectionAbortedError:
            pass
        except BodyTooLargeError:
            return problem_response(413, "body_too_large", "The body is too large", "A body has at most 1 MiB.")
        except ServiceBusyError:
            return _unavailable(f"The service {match.service} has more requests than it can answer now; try again.")
        except ServiceAwayError:
            return _unavailable(f"The service {match.service} cannot be reached now; try again.")
        except AnswerLostError:
            return _unavailable(
                f"The service {match.service} did not answer in time. Repeat the request with the same Idempotency-Key."
            )
        return None


def _nobody(match: Match | None) -> Response:
    """No service answers this path, or not with this method."""
    if match is None:
        return problem_response(404, "not_found", "Not found", "There is nothing at this path; see /openapi.json.")
    allowed = ", ".join(match.allowed)
    return problem_response(
        405, "method_not_allowed", "Method not allowed", f"This path takes {allowed}.", headers={"Allow": allowed}
    )


def _unavailable(detail: str) -> Response:
    return problem_response(503, "unavailable", "Temporarily unavailable", detail, headers={"Retry-After": "1"})


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return given if _REQUEST_ID.match(given) else uuid4().hex


def make_gateway(_settings: Settings) -> Any:
    """The application with the services' addresses from the environment."""
    addresses: dict[str, Sequence[str]] = {
        name: environment(f"{name.upper()}_URL").split(",") for name in SERVICES if name != "gateway"
    }
    settings = GatewaySettings.load()
    gateway = Gateway(addresses, merged_openapi(), settings)
    return with_cors(gateway, settings.allowed_origins) if settings.allowed_origins else gateway


def with_cors(gateway: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let scripts of these origins call, with the cookies of a person who is logged in there."""
    return CORSMiddleware(
        gateway,
        allow_origins=origins,
        allow_methods=[method.upper() for method in METHODS],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id"],
        allow_credentials=True,
        expose_headers=EXPOSED,
    )


SERVICE = Service(name="gateway", title="Trueup gateway", metadata=MetaData(), asgi=make_gateway)
