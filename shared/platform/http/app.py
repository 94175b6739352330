"""A service's HTTP face: its endpoints, and what an operator asks of every service."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.platform.http import problems
from shared.platform.http.body_limit import BodyLimitMiddleware
from shared.platform.telemetry import waiting
from shared.platform.telemetry.requests import RequestsMiddleware

if TYPE_CHECKING:
    from shared.platform.service import Runtime, Service


def create_app(service: "Service", runtime: "Runtime") -> "Application":
    """The ASGI application of one service process."""
    app = _with_endpoints(service)
    app.state.runtime = runtime
    problems.install(app)
    app.add_middleware(BodyLimitMiddleware)
    app.add_middleware(RequestsMiddleware)
    _add_operations(app, runtime)
    app.bare = {path: RequestsMiddleware(_answering(app, make(runtime))) for path, make in service.asgi_mounts.items()}
    return app


def describe(service: "Service") -> dict[str, Any]:
    """The OpenAPI document of a service, without running it."""
    document = _with_endpoints(service).openapi()
    document["paths"] = {**document.get("paths", {}), **service.openapi_paths}
    problems.add_problem_components(document)
    return document


class Application(FastAPI):
    """Endpoints, and before them bare applications by path, which pay for nothing that endpoints need."""

    bare: Mapping[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if self.bare and scope["type"] == "http":
            for path, app in self.bare.items():
                if scope["path"].startswith(path):
                    scope["root_path"] = path
                    await app(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)


def _answering(app: FastAPI, bare: ASGIApp) -> ASGIApp:
    """A bare application whose errors are answered as those of endpoints are."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await bare(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered by a problem
            handlers = app.exception_handlers
            handler: Any = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
            response = await handler(Request(scope), error)
            await response(scope, receive, send)

    return answering


def _with_endpoints(service: "Service") -> Application:
    app = Application(
        title=service.title,
        version=service.version,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        # Our own spans and metrics know rows and messages as well; FastAPI's would carry queries and texts of errors.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    for router in service.routers:
        app.include_router(router.api)
    return app


def _add_operations(app: FastAPI, runtime: "Runtime") -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(_request: Request) -> JSONResponse:
        checks = await runtime.ready()
        good = all(value == "ok" for value in checks.values())
        return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        await waiting.look(runtime)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
