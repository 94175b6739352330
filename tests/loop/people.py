"""Somebody who uses the system from outside: an organization, its plans, its Stripe account."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp

from tests.loop.system import System
from trueup.demo.door import Door, Endpoint, Person, deliver_all
from trueup.demo.mailbox import Mailbox
from trueup.stripe_double import Json


@dataclass
class Tenant:
    """An organization with ventures that have plans, and a Stripe connection."""

    id: str
    slug: str
    owner: Person
    door: Door
    ventures: dict[str, str] = field(default_factory=dict)
    endpoint: Endpoint | None = None

    @property
    def path(self) -> str:
        return f"/v1/organizations/{self.id}"

    async def get(self, path: str) -> Any:
        return await self.door.patiently("GET", f"{self.path}/{path}", self.owner)

    async def post(self, path: str, body: Any) -> Any:
        return await self.door.patiently("POST", f"{self.path}/{path}", self.owner, body)

    async def venture(self, name: str, targets: dict[str, Any]) -> str:
        """A venture with a plan."""
        created = await self.post("ventures", {"name": name, "stage": "GROWTH"})
        self.ventures[name] = created["id"]
        body = {"strategy": {}, "targets": targets}
        await self.door.patiently("PUT", f"{self.path}/ventures/{created['id']}/plan", self.owner, body)
        return str(created["id"])

    async def deliver(self, events: Sequence[Json], at_once: int = 8, *, tick: Callable[[], object] = bool) -> None:
        """Post signed webhooks, some at once."""
        assert self.endpoint is not None
        endpoint = self.endpoint
        await deliver_all([(endpoint, event) for event in events], at_once, tick)


class Milestone:
    """Reached when so many events were taken."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.reached = asyncio.Event()

    def __call__(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self.reached.set()


@asynccontextmanager
async def outside(system: System) -> AsyncIterator["Outside"]:
    """A way in through the gateway."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        yield Outside(system, session)


@dataclass
class Outside:
    """The front door, for people of a test."""

    system: System
    session: aiohttp.ClientSession

    @property
    def door(self) -> Door:
        return Door(self.system.url("gateway"), self.session)

    @cached_property
    def mailbox(self) -> Mailbox:
        return Mailbox(Path(self.system.environment["TRUEUP_MAIL_DIR"]))

    async def person(self) -> Person:
        """A registered, verified, logged-in person."""
        name = secrets.token_hex(5)
        person = Person(f"{name}@example.com", f"correct horse {name}", "Test", name)
        await self.door.enter(person, self.mailbox)
        return person

    async def tenant(self, *, stripe_account: str | None = None, connection: bool = True) -> Tenant:
        """A new organization, owned by a new person."""
        owner, name = await self.person(), f"Loop {secrets.token_hex(4)}"
        settings = {"currency": "MYR", "timezone": "Asia/Kuala_Lumpur"}
        created = await self.door.post("/v1/organizations", owner, {"name": name, "settings": settings})
        organization = created.get("organization", created)
        await self.door.log_in(owner)
        tenant = Tenant(organization["id"], organization["slug"], owner, self.door)
        if connection:
            body: dict[str, Any] = {"name": "Stripe", "livemode": False}
            if stripe_account:
                body["stripe_account_id"] = stripe_account
            made = await tenant.post("ingestion/stripe-connections", body)
            url = f"{self.door.url}/webhooks/stripe/{made['id']}"
            tenant.endpoint = Endpoint(made["id"], url, made["webhook_secret"], self.session)
        return tenant
