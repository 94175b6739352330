"""A house of services in the test's own event loop, on real engines.

async with House(...) as house:
    await house.start("plans", "sync", "sync")      # two replicas of sync
    org = await house.organization()
    client = house.client("plans", org)
    await client.post("/ventures", json=...)
    await house.settle()
"""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import httpx2
import psycopg
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from pydantic import SecretStr
from sqlalchemy import func, select

from shared.contracts.event import Event
from shared.contracts.identity import OrganizationCreated, Role
from shared.contracts.topology import CONSUMES
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.bus import topology
from shared.platform.bus.connection import connect
from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.publishing import publish
from shared.platform.db import provision
from shared.platform.db.edges import Database
from shared.platform.db.platform_tables import OutboxRow
from shared.platform.service import Runtime, Service, running
from shared.platform.settings import Settings
from tests.harness import databases
from tests.harness.days import a_day_with
from tests.harness.tokens import JWKS, access_token

SETTLE_S = 120.0
"""What nobody acknowledged comes again after ``ACK_WAIT_SECONDS``, and a letter or errand is held for a minute."""


@dataclass
class Organization:
    """A tenant of a test, and its owner."""

    id: UUID = field(default_factory=new_id)
    name: str = "Acme"
    slug: str = "acme"
    base_currency: str = "MYR"
    time_zone: str = "Asia/Kuala_Lumpur"
    fiscal_year_start: int = 1
    owner: UUID = field(default_factory=new_id)

    def created(self) -> OrganizationCreated:
        return OrganizationCreated(
            organization_id=self.id,
            version=1,
            name=self.name,
            slug=self.slug,
            base_currency=self.base_currency,
            time_zone=self.time_zone,
            fiscal_year_start=self.fiscal_year_start,
        )


@dataclass
class Replica:
    """One running process's worth of a service."""

    runtime: Runtime
    app: Any
    tasks: list[asyncio.Task[None]]
    stack: AsyncExitStack


async def _expected() -> None:
    """Closing is wanted."""


class House:
    """Services, their databases and the bus of one test."""

    def __init__(self, postgres_url: str, nats_url: str, nats_password: str, *, stream_replicas: int = 1) -> None:
        self.postgres_url = postgres_url
        self.stream_replicas = stream_replicas
        self.nats_url = nats_url
        self.nats_password = nats_password
        self.database_names: dict[str, str] = {}
        self.replicas: dict[str, list[Replica]] = {}
        self._stack = AsyncExitStack()
        self.operator: Client
        self.settings: dict[str, Any] = {"retry_seconds": 0.02}

    async def __aenter__(self) -> Self:
        await a_day_with()
        self.operator = await connect(self.nats_url, "operator", self.nats_password, on_closed=_expected)
        manager = self.operator.jsm()
        for stream in await manager.streams_info():
            await manager.delete_stream(stream.config.name)
        await topology.apply(self.nats_url, "operator", self.nats_password, replicas=self.stream_replicas)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for replicas in self.replicas.values():
            for replica in replicas:
                await replica.stack.aclose()
        await self._stack.aclose()
        await self.operator.close()
        self.replicas.clear()  # what was cut off while it logged in goes now, and holds up no DROP DATABASE
        for name in self.database_names.values():
            databases.drop(self.postgres_url, name)

    # --- services -----------------------------------------------------------------------------

    def database_url(self, service: str, role: str | None = None) -> str:
        """The address of a service's database, for its own role or for another (``operator``)."""
        if service not in self.database_names:
            self.database_names[service] = databases.clone(self.postgres_url, service)
        name = provision.OPERATOR_ROLE if role == "operator" else provision.role_of(service)
        return databases.address(self.postgres_url, name, self.database_names[service])

    def settings_of(self, service: str) -> Settings:
        """The settings of one replica."""
        return Settings(
            service=service,
            database_url=SecretStr(self.database_url(service)),
            nats_url=self.nats_url,
            nats_user=service,
            nats_password=SecretStr(self.nats_password),
            identity_url="http://127.0.0.1:9",
            secret_key=SecretStr(base64.b64encode(b"k" * 32).decode()),
            jwks=JWKS,
            **self.settings,
        )

    async def start(self, *services: str, roles: tuple[str, ...] | None = None) -> None:
        """Start one replica of each named service (name it twice for two)."""
        for name in services:
            service: Service = import_module(f"services.{name}.app").SERVICE
            stack = AsyncExitStack()
            runtime, app, tasks = await stack.enter_async_context(
                running(service, self.settings_of(name), roles or service.roles)
            )
            self.replicas.setdefault(name, []).append(Replica(runtime, app, tasks, stack))

    async def stop(self, service: str) -> None:
        """Stop the newest replica of a service."""
        await self.replicas[service].pop().stack.aclose()

    def database(self, service: str) -> Database:
        """The database of a running service, as its own role."""
        return self.replicas[service][0].runtime.database

    @asynccontextmanager
    async def operator_connection(self, service: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A connection of the operator's role, for what no service may do."""
        async with await psycopg.AsyncConnection.connect(self.database_url(service, "operator")) as connection:
            yield connection

    # --- people -------------------------------------------------------------------------------

    async def organization(self, **given: Any) -> Organization:
        """A new organization, told to every service."""
        organization = Organization(**given)
        await self.publish(organization.created())
        return organization

    def client(
        self,
        service: str,
        organization: Organization | None = None,
        role: Role = Role.OWNER,
        *,
        replica: int = 0,
        user: UUID | None = None,
    ) -> httpx2.AsyncClient:
        """An HTTP client of a service; with an organization, paths are relative to it and a token is sent."""
        headers, base = {}, "http://test"
        if organization is not None:
            token = access_token(user or organization.owner, {organization.id: role})
            headers = {"Authorization": f"Bearer {token}"}
            base = f"http://test/v1/organizations/{organization.id}"
        transport = httpx2.ASGITransport(app=self.replicas[service][replica].app, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)
        self._stack.push_async_callback(client.aclose)
        return client

    # --- events -------------------------------------------------------------------------------

    async def publish(self, *events: Event) -> None:
        """Publish events as their owner would (new event ids each time)."""
        await publish(
            self.operator,
            [
                OutgoingEvent(
                    new_id(),
                    event.organization_id,
                    event.event_type,
                    event.sequence,
                    event.model_dump_json(),
                    None,
                    now(),
                )
                for event in events
            ],
        )

    async def events(self, stream: str, event_class: type[Event] | None = None) -> list[Event]:
        """Everything that a stream holds, decoded, in order."""
        from shared.contracts import EVENT_TYPES  # noqa: PLC0415 - fills the registry
        from shared.platform.bus.envelope import decode  # noqa: PLC0415

        manager = self.operator.jsm()
        info = await manager.stream_info(stream)
        found = []
        for sequence in range(info.state.first_seq or 1, info.state.last_seq + 1):
            try:
                message = await manager.get_msg(stream, sequence)
            except NotFoundError:
                continue
            event = decode(message.headers, message.data or b"", EVENT_TYPES)
            if event is not None and (event_class is None or isinstance(event, event_class)):
                found.append(event)
        return found

    async def settle(self, seconds: float = SETTLE_S) -> None:
        """Wait until every outbox is empty and every running service has handled every message."""
        async with asyncio.timeout(seconds):
            quiet = 0
            while quiet < 2:
                self._raise_failures()
                quiet = quiet + 1 if await self._is_quiet() else 0
                await asyncio.sleep(0.02)

    def _raise_failures(self) -> None:
        for name, replicas in self.replicas.items():
            for replica in replicas:
                for task in replica.tasks:
                    if task.done() and not task.cancelled():
                        raise AssertionError(f"{name}: {task.get_name()} ended") from task.exception()

    async def _is_quiet(self) -> bool:
        manager = self.operator.jsm()
        for name, replicas in self.replicas.items():
            if not replicas:
                continue
            async with replicas[0].runtime.database.transaction() as session:
                if await session.scalar(select(func.count()).select_from(OutboxRow)):
                    return False
                backlog = replicas[0].runtime.service.backlog
                if backlog is not None and await backlog(session):
                    return False
            for stream in CONSUMES.get(name, ()):
                info = await manager.consumer_info(stream, name)
                if info.num_pending or info.num_ack_pending:
                    return False
        return True
