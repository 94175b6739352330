"""A service: what it is made of, and how one process of it runs."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
import uvicorn
from fastapi import FastAPI
from nats.aio.client import Client
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp

from shared.contracts.topology import CONSUMES
from shared.platform import failpoints
from shared.platform.auth.key_uses import KeyUses
from shared.platform.auth.new_keys import NewKeys
from shared.platform.auth.tokens import TokenVerifier
from shared.platform.bus.connection import connected
from shared.platform.bus.consumer import Consumer
from shared.platform.bus.outbox import EMITTED
from shared.platform.bus.relay import Relay
from shared.platform.bus.subscription import Subscription
from shared.platform.bus.wakeups import WAKES, Wakeups
from shared.platform.db.edges import Database
from shared.platform.db.migrate import head
from shared.platform.db.statistics import keep_statistics
from shared.platform.http.app import create_app
from shared.platform.http.routing import PublicRouter, TenantRouter
from shared.platform.settings import Settings
from shared.platform.telemetry import logs, statements, tracing
from shared.platform.tenancy.subscription import OnOrganizations, identity_subscription

log = structlog.get_logger()

HTTP, CONSUMERS, RELAY = "http", "consumers", "relay"
ROLE_ENDED = 70
KEEP_ALIVE_S = 75
"""How long a connection may be idle: longer than clients and proxies keep theirs (60 s and less). Who sends a request
on a connection just when it is closed does not learn whether it was heard."""

Worker = Callable[["Runtime"], Awaitable[None]]


@dataclass(frozen=True)
class Service:
    """The composition root's answer: everything that one service is made of."""

    name: str
    title: str
    metadata: MetaData
    routers: tuple[TenantRouter | PublicRouter, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    workers: Mapping[str, Worker] = field(default_factory=dict)
    settings: tuple[Callable[[], object], ...] = ()
    """What reads the service's own settings: called at its start, so that a wrong one is refused then."""
    on_organizations: OnOrganizations | None = None
    asgi_mounts: Mapping[str, Callable[["Runtime"], ASGIApp]] = field(default_factory=dict)
    openapi_paths: Mapping[str, Any] = field(default_factory=dict)
    """OpenAPI path items of what ``asgi_mounts`` answers."""
    asgi: Callable[[Settings], ASGIApp] | None = None
    """The whole application, for a service without database and bus."""
    backlog: Callable[[AsyncSession], Awaitable[int]] | None = None
    """How much work waits inside the service that is neither in its outbox nor in a stream."""
    version: str = "1"

    @property
    def roles(self) -> tuple[str, ...]:
        """Every role that a process of this service can have."""
        if self.asgi is not None:
            return (HTTP,)
        return (HTTP, CONSUMERS, RELAY, *self.workers)

    @property
    def all_subscriptions(self) -> tuple[Subscription, ...]:
        """The service's own subscriptions, and identity's for who is who."""
        if "IDENTITY" not in CONSUMES.get(self.name, ()):
            return self.subscriptions
        return (identity_subscription(self.on_organizations), *self.subscriptions)


class Runtime:
    """The connections of one process, shared by its roles."""

    def __init__(self, service: Service, settings: Settings, database: Database, client: Client) -> None:
        self.service = service
        self.settings = settings
        self.database = database
        self.client = client
        self.wakeups = Wakeups(service.name)
        self.key_uses = KeyUses(service.name, client)
        self.new_keys = NewKeys(database)
        self.verifier = TokenVerifier(f"{settings.identity_url}/.well-known/jwks.json", settings.jwks)
        database.after_commit.append(self._wake)

    def _wake(self, session: AsyncSession) -> None:
        if session.info.pop(EMITTED, False):
            self.wakeups.wake(RELAY)
        for name in session.info.pop(WAKES, ()):
            self.wakeups.wake(name)

    async def ready(self) -> dict[str, str]:
        """What this process depends on: ``ok``, or what is the matter."""
        return {"database": await self._database_state(), "bus": "ok" if self.client.is_connected else "disconnected"}

    async def _database_state(self) -> str:
        try:
            async with asyncio.timeout(2), self.database.transaction() as session:
                query = text(
                    "SELECT (SELECT version_num FROM platform.platform_version),"
                    " (SELECT version_num FROM platform.service_version)"
                )
                found = tuple((await session.execute(query)).one())
        except Exception as error:  # noqa: BLE001 - whatever it is, the service is not ready
            return f"{type(error).__name__}"
        wanted = (head("platform"), head(self.service.name))
        # A newer schema is right: it is migrated before the services are replaced, and a bad release is taken back.
        behind = any(has < needs for has, needs in zip(found, wanted, strict=True))
        return f"schema {found}, needs {wanted}; run: trueup migrate" if behind else "ok"


@contextlib.asynccontextmanager
async def running(
    service: Service, settings: Settings, roles: Collection[str]
) -> AsyncIterator[tuple[Runtime, FastAPI, list[asyncio.Task[None]]]]:
    """Start a service's roles (without a listening socket); gives the runtime, the app, and its tasks."""
    for read in service.settings:
        read()
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    database = Database(url, pool_size=settings.pool_size, application=service.name)
    await database.open()
    statements.watch(database.engine.sync_engine)
    try:
        password = settings.nats_password.get_secret_value()
        async with connected(settings.nats_url, settings.nats_user, password) as client:
            runtime = Runtime(service, settings, database, client)
            runtime.wakeups.elsewhere = set(service.roles) - set(roles)
            await runtime.wakeups.listen(client)
            app = create_app(service, runtime)
            tasks = [_started(name, work) for name, work in _works(runtime, roles)]
            try:
                yield runtime, app, tasks
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await database.close()


def _works(runtime: Runtime, roles: Collection[str]) -> Iterator[tuple[str, Awaitable[None]]]:
    """What a process does for ever, by name."""
    service, settings = runtime.service, runtime.settings
    if RELAY in roles:
        assert settings.database_url is not None
        url = settings.database_url.get_secret_value()
        yield RELAY, Relay(service.name, url, runtime.client, runtime.wakeups).run()
    if CONSUMERS in roles:
        for subscription in service.all_subscriptions:
            consumer = Consumer(
                service.name,
                subscription,
                runtime.database,
                runtime.client,
                batch_size=settings.batch_size,
                retry_seconds=settings.retry_seconds,
            )
            yield f"consumer {subscription.stream}", consumer.run()
    yield "statistics", keep_statistics(runtime.database)
    for name, worker in service.workers.items():
        if name in roles:
            yield name, worker(runtime)


def _started(name: str, work: Awaitable[None]) -> asyncio.Task[None]:
    task = asyncio.ensure_future(work)
    task.set_name(name)
    return task


async def serve(service: Service, settings: Settings, roles: Collection[str]) -> None:
    """Run one process until it is told to stop, or until one of its roles ends by itself."""
    if service.asgi is not None:
        await _server(service.asgi(settings), settings, lifespan="on").serve(_listeners(settings))
        return
    async with running(service, settings, roles) as (_runtime, app, tasks):
        # Every process answers health checks and metrics, whatever its roles.
        server = _server(app, settings, lifespan="off")
        http = asyncio.create_task(server.serve(_listeners(settings)), name=HTTP)
        log.info("service.started", roles=sorted(roles), port=settings.port)
        done, _ = await asyncio.wait([http, *tasks], return_when=asyncio.FIRST_COMPLETED)
        failed = [task for task in done if task is not http]
        if failed:
            for task in failed:
                log.error("service.role_ended", role=task.get_name(), reason=repr(task.exception()))
            server.should_exit = True
            await http
            raise SystemExit(ROLE_ENDED)


def _listeners(settings: Settings) -> list[socket.socket] | None:
    """The socket at which the supervisor listens for this process, if one does."""
    return None if settings.listen_fd is None else [socket.socket(fileno=settings.listen_fd)]


def _server(app: ASGIApp, settings: Settings, lifespan: Literal["on", "off"]) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan=lifespan,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=KEEP_ALIVE_S,
            backlog=4096,
        )
    )


def run(service: Service, roles: Collection[str] | None = None) -> None:
    """Run a process of a service in the foreground (settings from the environment)."""
    settings = Settings.load(service.name)
    logs.configure(service.name, settings.log_level)
    failpoints.arm(service.name)
    tracing.configure(service.name)
    unknown = set(roles or ()) - set(service.roles)
    if unknown:
        raise SystemExit(f"{service.name} has the roles {', '.join(service.roles)}, not {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        import uvloop  # noqa: PLC0415 - not on every platform

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    try:
        with runner:
            runner.run(serve(service, settings, roles or service.roles))
    finally:
        tracing.shutdown()
