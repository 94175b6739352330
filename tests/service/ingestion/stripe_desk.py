"""A connected Stripe account of a test: posts signed webhooks, reads the ledger."""

import asyncio
import hashlib
import hmac
import time
from typing import Any
from uuid import UUID

import httpx2
import orjson

from shared.contracts.identity import Role
from tests.harness.house import SETTLE_S, House, Organization

UNAVAILABLE = 503


class StripeDesk:
    """One organization's connection, and a client of ingestion."""

    def __init__(self, house: House, organization: Organization, connection: dict[str, Any], secret: str) -> None:
        self.house = house
        self.organization = organization
        self.id = UUID(connection["id"])
        self.path = connection["webhook_path"]
        self.secret = secret
        self.api = house.client("ingestion", organization, Role.OWNER)

    @classmethod
    async def open(
        cls, house: House, organization: Organization | None = None, name: str = "Stripe", **wanted: Any
    ) -> "StripeDesk":
        organization = organization or await house.organization()
        api = house.client("ingestion", organization, Role.ADMIN)
        answer = await api.post("/ingestion/stripe-connections", json={"name": name, "livemode": False} | wanted)
        assert answer.status_code == 201, answer.text
        return cls(house, organization, answer.json(), answer.json()["webhook_secret"])

    def sign(self, body: bytes, *, secret: str | None = None, age: int = 0) -> str:
        moment = int(time.time()) - age
        key = (secret or self.secret).encode()
        mac = hmac.new(key, f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return f"t={moment},v1={mac}"

    async def post_body(
        self, body: bytes, *, signature: str | None = None, replica: int = 0, path: str | None = None
    ) -> httpx2.Response:
        client = self.house.client("ingestion", replica=replica)
        headers = {"Stripe-Signature": self.sign(body) if signature is None else signature}
        return await client.post(path or self.path, content=body, headers=headers)

    async def post(self, event: dict[str, Any], *, replica: int = 0) -> httpx2.Response:
        return await self.post_body(orjson.dumps(event), replica=replica)

    async def deliver(self, events: list[dict[str, Any]], replicas: int = 1, at_once: int = 50) -> None:
        """Post events, so many at a time, spread over replicas; all must be accepted."""
        clients = [self.house.client("ingestion", replica=index) for index in range(replicas)]

        async def one(index: int, event: dict[str, Any]) -> None:
            body = orjson.dumps(event)
            headers = {"Stripe-Signature": self.sign(body)}
            async with asyncio.timeout(SETTLE_S):
                while True:  # as Stripe does: on a busy machine a commit may take longer than a webhook is kept waiting
                    answer = await clients[index % replicas].post(self.path, content=body, headers=headers)
                    if answer.status_code != UNAVAILABLE:
                        break
            assert answer.status_code == 200, answer.text

        for start in range(0, len(events), at_once):
            await asyncio.gather(*[one(start + i, event) for i, event in enumerate(events[start : start + at_once])])

    async def items(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """A whole list."""
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await self.api.get(f"/ingestion/{path}", params=query | cursor | {"limit": 200})
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            if answer.json()["next_cursor"] is None:
                return found
            cursor = {"cursor": answer.json()["next_cursor"]}

    async def raw_count(self) -> int:
        return len(await self.items("raw-events"))
