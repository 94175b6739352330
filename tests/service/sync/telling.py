"""Who is told in the tests of sync, and where: members, a mailbox, a program that receives webhooks."""

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web
from sqlalchemy import select

from services.sync.errand.models import Errand
from services.sync.errand.store import Held
from shared.contracts.identity import MemberJoined, MemberRemoved, MembershipStatus, Role
from shared.kernel.clock import today
from shared.kernel.ids import new_id
from shared.kernel.periods import add_months
from tests.harness.house import SETTLE_S, House, Organization
from tests.service.sync.stories import Venture

ZONE = "Asia/Kuala_Lumpur"
LONG = int(SETTLE_S / 0.02)
"""So many looks last longer than an errand is held."""


async def until(found: Callable[[], Any], seconds: float = SETTLE_S) -> Any:
    """What is found, as soon as it is something; asked again for a while."""
    for _ in range(int(seconds / 0.02)):
        if answer := found():
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come")


@dataclass
class Person:
    """A member, and the membership's versions."""

    organization: Organization
    role: Role = Role.MEMBER
    email: str | None = None
    ventures: tuple[UUID, ...] | None = None
    id: UUID = field(default_factory=new_id)

    def joined(self, version: int = 1) -> MemberJoined:
        return MemberJoined(**self._state(version), status=MembershipStatus.ACTIVE)

    def left(self, version: int = 2) -> MemberRemoved:
        return MemberRemoved(**self._state(version), status=MembershipStatus.REMOVED)

    def _state(self, version: int) -> dict[str, Any]:
        return {
            "organization_id": self.organization.id,
            "user_id": self.id,
            "version": version,
            "role": self.role,
            "venture_ids": self.ventures,
            "email": self.email,
        }


async def deviate(house: House, venture: Venture, value: str = "8000", *, revision: int = 1, settled: bool = True):
    """Today's MRR against a target of 10 000 that is due today: 20 % below it, a WARNING."""
    day = today(ZONE)
    if revision == 1:
        await house.publish(venture.plan(target_mrr="10000", target_date=day, baseline_value="10000"))
    await house.publish(venture.metric(day, value, revision=revision))
    if settled:
        await house.settle()


def in_a_year() -> Any:
    return add_months(today(ZONE), 12)


async def errand_of(house: House, kind: str) -> Held:
    """The errand of a kind whose worker does not run."""
    for _ in range(LONG):
        async with house.database("sync").transaction() as session:
            row = (await session.scalars(select(Errand).where(Errand.kind == kind))).one_or_none()
        if row is not None:
            return Held(row.id, row.organization_id)
        await asyncio.sleep(0.02)
    raise AssertionError(f"no {kind} came")


async def inbox(house: House, person: Person, query: str = "") -> list[dict[str, Any]]:
    """What somebody was told, newest first."""
    answer = await house.client("sync", person.organization, person.role, user=person.id).get(f"/notifications{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def letters(folder: Path, to: str) -> list[EmailMessage]:
    """The letters of a mailbox to an address, oldest first."""
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]
    return [letter for letter in found if letter["To"] == to]


def is_signed(secret: str, headers: Any, body: bytes) -> bool:
    """Whether a message carries a good signature: the specification, written down once more."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + b64encode(hmac.new(key, signed, sha256).digest()).decode()
    return any(hmac.compare_digest(given, expected) for given in headers["webhook-signature"].split(" "))


@dataclass
class Received:
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def said(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """A program that takes webhooks, and answers what the test wants."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answers: list[web.StreamResponse] = field(default_factory=list)
    """What is answered next; afterwards always 204."""

    async def take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append(Received(headers, await request.read()))
        return self.answers.pop(0) if self.answers else web.Response(status=204)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver at a port of this machine."""
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    try:
        yield made
    finally:
        await runner.cleanup()


async def endpoint(house: House, organization: Organization, url: str, **given: Any) -> dict[str, Any]:
    """A webhook endpoint, with its secret."""
    body = {"name": "Ops", "url": url, **given}
    made = await house.client("sync", organization).post("/webhook-endpoints", json=body)
    assert made.status_code == 201, made.text
    answer: dict[str, Any] = made.json()
    return answer


async def deliveries(house: House, organization: Organization, endpoint_id: str) -> list[dict[str, Any]]:
    """The log of an endpoint, newest first."""
    listed = await house.client("sync", organization).get(f"/webhook-endpoints/{endpoint_id}/deliveries")
    assert listed.status_code == 200, listed.text
    items: list[dict[str, Any]] = listed.json()["items"]
    return items
