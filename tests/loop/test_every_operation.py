"""Every operation there is: what it answers to those who must not ask, and every list, page by page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import pytest

from shared.contracts.identity import Role
from shared.kernel import clock
from shared.kernel.periods import local_date
from tests.harness.operations import LISTS, ORGANIZATION, TENANT_OPERATIONS, Operation
from tests.loop.crawling import Holdings, join, until_told
from tests.loop.histories import VENTURES, busy_history, targets
from tests.loop.people import Outside, Tenant, outside
from tests.loop.system import System
from trueup.demo.door import Person, Refused

HELD = [
    f"{ORGANIZATION}/{path}"
    for path in (
        *("ventures", "ventures/{venture_id}/plan/versions", "ventures/{venture_id}/projections"),
        *("ventures/{venture_id}/metrics", "ventures/{venture_id}/variances", "alerts", "finance/accounts"),
        *("finance/subscriptions", "finance/money-facts", "ingestion/stripe-connections", "ingestion/payments"),
        *("ingestion/raw-events", "members", "reports", "notifications", "webhook-endpoints"),
    )
]
OK, FORBIDDEN, NOT_FOUND, INVALID = 200, 403, 404, 422
ONES_OWN = {"getNotification"}
"""What members have for themselves: what the lists gave is the owner's."""


@dataclass
class Two:
    """Two organizations with the same kinds of data, and people of every role in the first."""

    ours: Holdings
    theirs: Holdings
    people: dict[Role, Person]
    limited: Person
    """A member of ours for one venture only."""
    key: Person
    """A program of ours with an API key that may read events, and nothing else."""
    outside: Outside

    @property
    def their_ids(self) -> set[str]:
        """What nobody of ours may ever be told."""
        return (self.theirs.ids | {self.theirs.tenant.id, self.theirs.tenant.slug}) - self.ours.ids

    async def ask(self, operation: Operation, who: Person | None, path: str) -> tuple[int, str]:
        """The answer to a request with an empty body where one is taken."""
        headers = {"Authorization": f"Bearer {who.token}"} if who else {}
        body: Any = {} if operation.takes_body else None
        url = f"{self.outside.door.url}{path}"
        async with self.outside.session.request(operation.method, url, json=body, headers=headers) as response:
            text = (await response.read()).decode("utf-8", "replace")
            if response.status >= 400:
                assert response.content_type == "application/problem+json", (operation.id, response.status, text)
            assert response.status in operation.statuses, f"{operation.id}: {response.status} is not documented: {text}"
            return response.status, text

    async def page(self, operation: Operation, path: str) -> Any:
        """A page of a list of ours; an empty one when what it stands under is not there."""
        status, text = await self.ask(operation, self.people[Role.OWNER], path)
        return orjson.loads(text) if status == OK else {"items": [], "next_cursor": None}


async def furnished(door: Outside, seed: int) -> Tenant:
    """An organization with something in every room; another seed gives other events."""
    tenant = await door.tenant()
    for name in VENTURES:
        await tenant.venture(name, targets(name))
    # Told of nothing that happens here: its log does not move while it is read.
    silent = {"name": "Ops", "url": "https://hooks.example.com/", "types": ["webhook.test"]}
    await tenant.post("webhook-endpoints", silent)
    await tenant.post("finance/accounts", {"venture_id": tenant.ventures["Kopi Loop"], "name": "Kedai"})
    await tenant.deliver(busy_history(tenant.ventures, 60, seed=seed))
    today = local_date(clock.now(), "Asia/Kuala_Lumpur")
    short = {"metric": "runway_months", "value": "3", "observed_on": today.isoformat()}
    await tenant.post(f"ventures/{tenant.ventures['Kopi Loop']}/metrics", short)
    period = f"{today.year}-Q{(today.month + 2) // 3}"
    await tenant.post("reports", {"template": "quarterly", "period": period})
    return tenant


@pytest.fixture(scope="module")
async def two(system: System) -> AsyncIterator[Two]:
    async with outside(system) as door:
        ours, theirs = Holdings(await furnished(door, 1)), Holdings(await furnished(door, 2))
        for holdings in (ours, theirs):
            await until_told(holdings, HELD)
        people = {Role.OWNER: ours.tenant.owner}
        for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
            people[role] = await door.person()
            await join(ours.tenant, people[role], role.value, door.mailbox)
        limited = await door.person()
        await join(ours.tenant, limited, Role.MEMBER.value, door.mailbox, ours.tenant.ventures["Kopi Loop"])
        wanted = {"name": "Another team", "role": "admin", "scopes": ["events:read"]}
        made = await ours.tenant.post("api-keys", wanted)
        key = Person("", "", "Another", "team", token=made["key"])
        yield Two(ours, theirs, people, limited, key, door)


def named(operations: tuple[Operation, ...]) -> Any:
    return pytest.mark.parametrize("operation", operations, ids=str)


READS = tuple(operation for operation in TENANT_OPERATIONS if operation.method == "GET")
UNDER_SOMETHING = tuple(operation for operation in TENANT_OPERATIONS if operation.parameters)


@named(TENANT_OPERATIONS)
async def test_another_organization_is_not_there(two: Two, operation: Operation):
    """Members of ours ask at their address, with what they have: 404, as for an organization that nobody has."""
    values, _real = two.theirs.values(operation)
    path = operation.path(two.theirs.tenant.id, values)
    asked = {*values.values(), two.theirs.tenant.id}
    for person in (two.people[Role.OWNER], two.people[Role.VIEWER]):
        status, text = await two.ask(operation, person, path)
        assert status == NOT_FOUND, text
        assert not [told for told in two.their_ids - asked if told in text]


@named(UNDER_SOMETHING)
async def test_what_another_organization_has_is_not_found_in_ours(two: Two, operation: Operation):
    values, real = two.theirs.values(operation)
    status, text = await two.ask(operation, two.people[Role.OWNER], operation.path(two.ours.tenant.id, values))
    if real and operation.method == "GET" and not operation.required:
        assert status == NOT_FOUND, text
    assert 400 <= status < 500, text
    assert not [told for told in two.their_ids - set(values.values()) if told in text]


@named(TENANT_OPERATIONS)
async def test_a_role_that_does_not_suffice_is_refused_and_one_that_does_is_not(two: Two, operation: Operation):
    """Refusals are asked for what is there; those who may ask for what is not, so that nothing changes."""
    assert operation.needs is not None
    there, _real = two.ours.values(operation)
    nowhere = {name: str(uuid4()) for name in operation.parameters}
    for role, person in two.people.items():
        if not role.covers(operation.needs):
            status, text = await two.ask(operation, person, operation.path(two.ours.tenant.id, there))
            assert status == FORBIDDEN, text
        elif operation.parameters or operation.takes_body:
            status, text = await two.ask(operation, person, operation.path(two.ours.tenant.id, nowhere))
            assert status not in {401, FORBIDDEN}, text


@named(TENANT_OPERATIONS)
async def test_a_key_without_the_scope_opens_nothing(two: Two, operation: Operation):
    ours, _real = two.ours.values(operation)
    status, text = await two.ask(operation, two.key, operation.path(two.ours.tenant.id, ours))
    assert status == FORBIDDEN, text
    theirs, _real = two.theirs.values(operation)
    status, text = await two.ask(operation, two.key, operation.path(two.theirs.tenant.id, theirs))
    assert status == NOT_FOUND, text


@named(READS)
async def test_a_viewer_reads_ours_and_nothing_of_theirs(two: Two, operation: Operation):
    assert operation.needs is not None
    values, real = two.ours.values(operation)
    least = Role.VIEWER if Role.VIEWER.covers(operation.needs) else operation.needs
    reader = two.people[Role.OWNER if operation.id in ONES_OWN else least]
    status, text = await two.ask(operation, reader, operation.path(two.ours.tenant.id, values))
    if real and not operation.required:
        assert status in {OK, 202, 409}, text
    assert not [told for told in two.their_ids if told in text]


@named(READS)
async def test_a_member_of_one_venture_reads_nothing_of_the_others(two: Two, operation: Operation):
    ventures = two.ours.tenant.ventures
    mine = ventures["Kopi Loop"]
    hidden = {identity for identity in ventures.values() if identity != mine}
    assert hidden
    values, _real = two.ours.values(operation)
    for venture in ventures.values():
        if "venture_id" in values:
            values["venture_id"] = venture
        status, text = await two.ask(operation, two.limited, operation.path(two.ours.tenant.id, values))
        if "venture_id" in values and venture != mine:
            assert status in {NOT_FOUND, FORBIDDEN, INVALID}, text
        assert not [told for told in hidden - set(values.values()) if told in text]


async def test_a_member_of_one_venture_makes_no_report_of_all(two: Two):
    wanted = {"template": "quarterly", "period": f"{clock.now().year - 1}-Q4"}
    with pytest.raises(Refused) as refused:
        await two.outside.door.post(f"{two.ours.tenant.path}/reports", two.limited, wanted)
    assert (refused.value.status, refused.value.problem["code"]) == (FORBIDDEN, "organization_wide")


@named(tuple(operation for operation in LISTS.values() if operation.needs is not None))
async def test_a_list_read_item_by_item_is_the_list(two: Two, operation: Operation):
    values, _real = two.ours.values(operation)
    path = operation.path(two.ours.tenant.id, values)
    page = await two.page(operation, f"{path}?limit=200")
    whole, found, cursor = page["items"], [], ""
    assert (page["next_cursor"] is None) == (len(whole) < 200)
    for _item in whole[:6]:
        page = await two.page(operation, f"{path}?limit=1{cursor}")
        found += page["items"]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == whole[:6]
    if 0 < len(whole) <= 6:
        assert page["next_cursor"] is None


@named(tuple(operation for operation in LISTS.values() if operation.needs is not None))
async def test_a_page_that_cannot_be_is_refused(two: Two, operation: Operation):
    values, real = two.ours.values(operation)
    path = operation.path(two.ours.tenant.id, values)
    for query in ("limit=0", "limit=201", "limit=many", "cursor=nonsense", "cursor=bnVsbA"):
        status, text = await two.ask(operation, two.people[Role.OWNER], f"{path}?{query}")
        assert status == INVALID or not real, f"{query}: {status} {text}"
