"""What a tenant holds, found by reading every list that the merged OpenAPI document has."""

import asyncio
import re
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.harness.operations import LISTS, Operation
from tests.loop.people import Tenant
from trueup.demo.door import Person, Refused, until
from trueup.demo.mailbox import ACCEPT, Mailbox

_PARAMETER = re.compile(r"/{(\w+)}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATIENCE_S = 180.0
EXAMPLES = {"metric": "mrr", "observed_on": "2026-01-31", "version": "1"}


@dataclass
class Holdings:
    """The first item of every list of a tenant, by the list's template; and every id that it was told."""

    tenant: Tenant
    first: dict[str, Any] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    def values(self, operation: Operation) -> tuple[dict[str, str], bool]:
        """A value for every parameter of an operation's path, and whether all of them are of real things."""
        found, real, item, fresh = {}, True, None, False
        for match in _PARAMETER.finditer(operation.template):
            name, before = match.group(1), operation.template[: match.start()]
            if name == "organization_id":
                continue
            if before in self.first:
                item, fresh = self.first[before], True
            value = item.get(name, item.get("id") if fresh else None) if item else None
            real, fresh = real and value is not None, False
            found[name] = str(value if value is not None else EXAMPLES.get(name, uuid4()))
        return found, real

    async def read(self) -> None:
        """Read every list, those that others stand under first."""
        for template in sorted(LISTS, key=lambda each: each.count("{")):
            operation = LISTS[template]
            if operation.needs is None:
                continue
            values, real = self.values(operation)
            if not real:
                continue
            try:
                page = await self.tenant.door.get(operation.path(self.tenant.id, values), self.tenant.owner)
            except Refused:
                continue
            self.ids |= set(_UUID.findall(str(page)))
            if page["items"]:
                self.first[template] = page["items"][0]


async def join(tenant: Tenant, person: Person, role: str, mailbox: Mailbox, *ventures: str) -> None:
    """Let somebody into the organization, by an invitation; with ventures, to these only."""
    await tenant.post("members", {"email": person.email, "role": role, "venture_ids": list(ventures) or None})
    token = await until(lambda: mailbox.token(person.email, ACCEPT), "the invitation")
    await tenant.door.post("/v1/organizations/accept-invitation", person, {"token": token})
    await tenant.door.log_in(person)


async def until_told(holdings: Holdings, wanted: Collection[str]) -> None:
    """Read again until every wanted list has an item."""
    deadline = time.monotonic() + PATIENCE_S
    while missing := set(wanted) - holdings.first.keys():
        await holdings.read()
        assert time.monotonic() < deadline, f"nothing in {sorted(missing)}"
        await asyncio.sleep(0.2)
