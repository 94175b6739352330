"""Somebody who changes things while the system is disturbed, and knows what the audit log has to say of it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.loop.people import Tenant
from trueup.demo.door import Refused

PAUSE_S = 0.2
CREATED = {
    "createVenture": ("ventures", "ventures", {"stage": "GROWTH"}),
    "createApiKey": ("api-keys", "api_keys", {"role": "viewer"}),
}
"""Operation -> its path, the kind of thing it makes, and what it takes beside a name."""


@dataclass
class Deeds:
    """Things that were made, by operation."""

    tenant: Tenant
    done: dict[str, Counter[str]] = field(default_factory=lambda: {operation: Counter() for operation in CREATED})

    async def go_on_during(self, task: asyncio.Task[Any]) -> None:
        """Make one thing after the other, each with a key and again until there is an answer."""
        number = 0
        while not task.done():
            for operation in CREATED:
                number += 1
                self.done[operation][await self._create(operation, f"{operation} {number}")] += 1
            await asyncio.sleep(PAUSE_S)

    async def _create(self, operation: str, name: str) -> str:
        path, _kind, more = CREATED[operation]
        given = (f"{self.tenant.path}/{path}", self.tenant.owner, {"name": name, **more})
        for _attempt in range(600):
            try:
                return str((await self.tenant.door.call("POST", *given, key=name))["id"])
            except Refused as refused:
                if refused.status not in {502, 503}:
                    raise
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(0.2)
        raise AssertionError(f"{name} was not answered in two minutes")

    async def entries(self, operation: str) -> Counter[str]:
        """How many entries each thing has that an operation made."""
        _path, kind, _more = CREATED[operation]
        found: Counter[str] = Counter()
        cursor: str | None = ""
        while cursor is not None:
            page = await self.tenant.get(f"audit-log?operation={operation}&limit=200{cursor and f'&cursor={cursor}'}")
            changes = (change for entry in page["items"] for change in entry["changes"])
            found.update(change["id"] for change in changes if change["kind"] == kind)
            cursor = page["next_cursor"]
        return found
