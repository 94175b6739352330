"""A service's HTTP face: its endpoints, and what an operator asks of every service."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.platform.bus.trace import new_traceparent, set_traceparent
from shared.platform.http import problems
from shared.platform.http.body_limit import BodyLimitMiddleware

if TYPE_CHECKING:
    from shared.platform.service import Runtime, Service


class TraceMiddleware:
    """Continues the caller's trace, or starts one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
            set_traceparent(given.decode("latin-1") if given else new_traceparent())
        await self._app(scope, receive, send)


def create_app(service: "Service", runtime: "Runtime") -> FastAPI:
    """The ASGI application of one service process."""
    app = _with_endpoints(service)
    app.state.runtime = runtime
    problems.install(app)
    app.add_middleware(BodyLimitMiddleware, exempt=tuple(service.asgi_mounts))
    app.add_middleware(TraceMiddleware)
    _add_operations(app, runtime.ready)
    for path, make in service.asgi_mounts.items():
        app.mount(path, make(runtime))
    return app


def describe(service: "Service") -> dict[str, Any]:
    """The OpenAPI document of a service, without running it."""
    document = _with_endpoints(service).openapi()
    document["paths"] = {**document.get("paths", {}), **service.openapi_paths}
    problems.add_problem_components(document)
    return document


def _with_endpoints(service: "Service") -> FastAPI:
    app = FastAPI(
        title=service.title,
        version=service.version,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    for router in service.routers:
        app.include_router(router.api)
    return app


def _add_operations(app: FastAPI, ready: Callable[[], Awaitable[dict[str, str]]]) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(_request: Request) -> JSONResponse:
        checks = await ready()
        good = all(value == "ok" for value in checks.values())
        return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
