"""Programs of other teams: plain NATS, with an API key."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import nats
import pytest
from nats.aio.client import Client

from shared.contracts.plans import VentureCreated
from shared.kernel.ids import new_id
from tests.deploy.bus_rights import greeting
from tests.harness.engines import ISSUER_SEED, NATS_PASSWORD
from tests.harness.plain_nats import what_they_forget
from tests.service.identity.conftest import FrontDesk
from tests.service.identity.test_organizations import founded

LIMIT_S = 90.0
REFUSED = "Authorization Violation"
Enter = Callable[..., Awaitable["Subscriber"]]


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_SUBSCRIBER_ISSUER_SEED", ISSUER_SEED)
    monkeypatch.setenv("TRUEUP_DOORKEEPER_NATS_PASSWORD", NATS_PASSWORD)


class Subscriber:
    """A program of another team: plain nats-py, with an API key."""

    def __init__(self, key: dict[str, Any], org: dict[str, Any]) -> None:
        self.id, self.key, self.org = key["id"], key["key"], org["id"]
        self.inbox = f"_INBOX.{self.id}"
        self.objections: asyncio.Queue[str] = asyncio.Queue()
        self.out = asyncio.Event()
        self.client: Client

    async def enter(self, url: str, **options: Any) -> None:
        async def objected(error: Exception) -> None:
            self.objections.put_nowait(str(error).lower())

        async def gone() -> None:
            self.out.set()

        self.client = await nats.connect(
            url,
            inbox_prefix=self.inbox.encode(),
            error_cb=objected,
            disconnected_cb=gone,
            reconnect_time_wait=0.2,
            **(options or {"user": "billing team", "password": self.key}),
        )

    @property
    def jetstream(self) -> Any:
        return self.client.jetstream(domain="trueup")

    async def reader(self, stream: str) -> Any:
        return await self.jetstream.pull_subscribe_bind(durable=self.id, stream=stream)

    async def objection(self) -> str:
        return await asyncio.wait_for(self.objections.get(), LIMIT_S)


@pytest.fixture
async def enter(desk: FrontDesk) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:
        stack.enter_context(what_they_forget())

        async def entered(key: dict[str, Any], org: dict[str, Any], **options: Any) -> Subscriber:
            subscriber = Subscriber(key, org)
            await subscriber.enter(desk.house.nats_url, **options)
            stack.push_async_callback(subscriber.client.close)
            return subscriber

        yield entered


def venture(org: dict[str, Any], name: str) -> VentureCreated:
    return VentureCreated(
        organization_id=UUID(org["id"]), venture_id=new_id(), version=1, name=name, stage="GROWTH", currency="MYR"
    )


async def greeted(desk: FrontDesk, key: str) -> str:
    return await greeting(desk.house.nats_url, "x", key)


async def two_organizations(desk: FrontDesk) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    return (*await founded(desk), *await founded(desk, "eve@example.com", name="Evil Corp"))
