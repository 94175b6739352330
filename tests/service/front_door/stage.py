"""Every service on real engines, and whatever an operation needs so that its example is a request that succeeds.

What an operation stands under is made by the operations themselves: a parameter's value comes from the collection in
front of it, by its POST with the example that the merged document gives, else by its list. Only what no POST makes,
and what has to happen before, is said here: a later endpoint needs an entry when the walks say so.
"""

import itertools
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx2
import orjson
import psycopg

from services.gateway.openapi.examples import Composer
from shared.contracts.sync import TargetsProposed
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.periods import local_date
from tests.harness.house import House
from tests.harness.operations import DOCUMENT, OPERATIONS, ORGANIZATION, Operation
from tests.service.identity.conftest import PASSWORD, FrontDesk
from tests.service.ingestion.stripe_desk import StripeDesk
from trueup.demo.door import NOT_YET

BY_ID = {operation.id: operation for operation in OPERATIONS}
BY_CALL = {(operation.method, operation.template): operation for operation in OPERATIONS}
_PARAMETER = re.compile(r"/{(\w+)}")
_EXAMPLES = Composer(DOCUMENT["components"]["schemas"], whole=False)
ORG = "organization_id"

COLLECTIONS = {
    match.group(1): template[: match.start()]
    for template in sorted({operation.template for operation in OPERATIONS}, key=lambda each: -each.count("/"))
    for match in _PARAMETER.finditer(template)
    if {("GET", template[: match.start()]), ("POST", template[: match.start()])} & BY_CALL.keys()
}
"""Where a parameter of a name is found; the shortest path counts."""

FIRST: dict[str, tuple[str, ...]] = {
    "reopenGoal": ("reachGoal",),
    "restoreOrganization": ("archiveOrganization",),
    "unmapCustomer": ("mapCustomer",),
}
"""What has to be done to the same thing before; an ``unarchive...`` knows its ``archive...`` by itself."""


_TABLES = """
SELECT relname, EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'organization_id')
FROM pg_class c WHERE relnamespace = 'owned'::regnamespace AND relkind = 'r'
"""


def said(operation: Operation) -> dict[str, Any]:
    """What the merged document says of an operation."""
    found: dict[str, Any] = DOCUMENT["paths"][operation.template][operation.method.lower()]
    return found


def before(operation: Operation) -> tuple[str, ...]:
    archived = operation.id.replace("unarchive", "archive", 1)
    return FIRST.get(operation.id, (archived,) if archived != operation.id else ())


@dataclass
class Caller:
    """Somebody with a token (or an API key)."""

    token: str
    id: str = ""
    email: str = ""


class Stage:
    """All services, and a client of each."""

    def __init__(self, house: House, desk: FrontDesk) -> None:
        self.house = house
        self.desk = desk
        self.clients = {name: house.client(name) for name in sorted({operation.service for operation in OPERATIONS})}
        self._numbers = itertools.count(1)

    async def person(self) -> Caller:
        """Somebody new, logged in."""
        email = f"person{next(self._numbers)}@example.com"
        entered = await self.desk.person(email)
        return Caller(entered["access_token"], entered["user"]["id"], email)

    async def ground(self, owner: Caller | None = None) -> "Ground":
        """A new organization with nothing in it."""
        owner = owner or await self.person()
        body = {"name": f"Stage {next(self._numbers)}", "settings": {"currency": "MYR", "timezone": "UTC"}}
        answer = await self.desk.post("/v1/organizations", body, owner.token)
        assert answer.status_code == 201, answer.text
        return Ground(self, Caller(answer.json()["access_token"], owner.id, owner.email), answer.json()["id"])

    async def call(
        self, operation: Operation, path: str, caller: Caller | None, body: Any = None, **headers: str
    ) -> httpx2.Response:
        """Call an operation of its service; bytes go as they are."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if caller is not None:
            headers["Authorization"] = f"Bearer {caller.token}"
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        content = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        client = self.clients[operation.service]
        return await client.request(operation.method, path, content=content, headers=headers)

    def rows(self, service: str, organization: str) -> dict[str, Any]:
        """What a service has stored of its own for an organization, and told: a digest of each table.

        Of what belongs to no organization only the number is taken: a letter that is sent meanwhile is no news.
        """
        with psycopg.connect(self.house.database_url(service, "operator"), autocommit=True) as connection:
            digests = [
                f"SELECT '{table}', md5(string_agg(t::text, '|' ORDER BY t::text)) FROM owned.{table} t"
                " WHERE organization_id = %(of)s"
                if of_one
                else f"SELECT '{table}', count(*)::text FROM owned.{table}"
                for table, of_one in connection.execute(_TABLES).fetchall()
            ]
            told = (
                "SELECT 'events', ((SELECT count(*) FROM platform.outbox WHERE organization_id = %(of)s)"
                " + (SELECT count(*) FROM platform.event_log WHERE organization_id = %(of)s))::text"
            )
            return dict(connection.execute(" UNION ALL ".join([told, *digests]), {"of": organization}).fetchall())

    def deeds(self, request_id: str) -> list[tuple[Any, ...]]:
        """What the audit log has of requests with an id: where, which operation, by whom, and how much it changed."""
        with psycopg.connect(self.house.database_url("identity", "operator")) as connection:
            query = (
                "SELECT organization_id::text, service, operation, user_id::text, jsonb_array_length(changes) > 0"
                " FROM owned.audit_entries WHERE request_id = %s ORDER BY organization_id"
            )
            return connection.execute(query, [request_id]).fetchall()


@dataclass
class Ground:
    """An organization, and what was made in it: the newest thing of every collection."""

    stage: Stage
    owner: Caller
    id: str
    made: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def prepare(self, operation: Operation) -> tuple[str, Any]:
        """The path and the body of a call that succeeds."""
        path = await self.path(operation)
        for name in before(operation):
            await self.do(BY_ID[name])
        body = await self.body(operation)
        await self.stage.house.settle()
        return path, body

    async def do(self, operation: Operation) -> Any:
        """Call an operation as its example says; it has to succeed."""
        path, body = await self.path(operation), await self.body(operation)
        answer = await self.stage.call(operation, path, self.owner, body)
        if answer.status_code in NOT_YET:  # on a busy machine that takes longer than services wait
            await self.stage.house.settle()
            answer = await self.stage.call(operation, path, self.owner, body)
        assert answer.status_code < 300, f"{operation.id} refuses its example: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def path(self, operation: Operation) -> str:
        """The path with a real thing for every parameter, and what the query must have."""
        values: dict[str, Any] = {ORG: self.id}
        item: Mapping[str, Any] = {}
        for match in _PARAMETER.finditer(operation.template):
            name, collection = match.group(1), operation.template[: match.start()]
            if name == ORG:
                continue
            if {("GET", collection), ("POST", collection)} & BY_CALL.keys() or collection in MAKERS:
                item = await self.thing(collection)
            values[name] = item.get(name, item.get("id", item.get("name")))
        query = []
        for parameter in said(operation).get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "query" and parameter.get("required"):
                collection = QUERIES.get((operation.id, name)) or COLLECTIONS.get(name)
                thing = await self.thing(collection) if collection else {}
                value = thing.get("id") or thing.get("version") or _EXAMPLES.example(parameter["schema"], name)
                query.append(f"{name}={value}")
        if operation.id in EXTRA:
            query.append(EXTRA[operation.id])
        return operation.template.format(**values) + (f"?{'&'.join(query)}" if query else "")

    async def body(self, operation: Operation) -> Any:
        """The example of the body, with things of this organization where it names some."""
        if operation.id in BODIES:
            return await BODIES[operation.id](self)
        content = said(operation).get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return None
        body = dict(content["example"])
        for name in body:
            if name != ORG and name.endswith("_id") and name in COLLECTIONS:
                item = await self.thing(COLLECTIONS[name])
                body[name] = item.get(name, item.get("id"))
        return body

    async def thing(self, collection: str) -> Mapping[str, Any]:
        """Something that is in a collection."""
        if collection not in self.made:
            make = MAKERS.get(collection)
            creation = BY_CALL.get(("POST", collection))
            if make is not None:
                self.made[collection] = await make(self)
            elif creation is not None:
                self.made[collection] = await self.do(creation)
            elif collection.endswith("/job-runs"):
                start = collection.removesuffix("/job-runs") + "/jobs/{job}/runs"
                self.made[collection] = await self.do(BY_CALL["POST", start])
            else:
                self.made[collection] = await self.listed(collection)
        return self.made[collection]

    async def listed(self, collection: str, **query: str) -> Mapping[str, Any]:
        """The first item of a list, when everything that is on its way has arrived."""
        operation = BY_CALL["GET", collection]
        await self.stage.house.settle()
        path = await self.path(operation) + "".join(f"?{name}={value}" for name, value in query.items())
        answer = await self.stage.call(operation, path, self.owner)
        assert answer.status_code == 200, f"{operation.id}: {answer.status_code} {answer.text}"
        items = answer.json()["items"]
        assert items, f"{collection} is empty: say in {__name__}.MAKERS how something comes into it"
        first: Mapping[str, Any] = items[0]
        return first


async def _venture(ground: Ground) -> Mapping[str, Any]:
    """A venture that has a plan."""
    venture: Mapping[str, Any] = await ground.do(BY_ID["createVenture"])
    ground.made[f"{ORGANIZATION}/ventures"] = venture
    await ground.do(BY_ID["savePlan"])
    return venture


async def _member(ground: Ground) -> Mapping[str, Any]:
    """Somebody who has accepted an invitation."""
    guest = await ground.stage.person()
    token = await _invited(ground, guest)
    answer = await ground.stage.desk.post("/v1/organizations/accept-invitation", {"token": token}, guest.token)
    assert answer.status_code == 200, answer.text
    return {"user_id": guest.id}


async def _invited(ground: Ground, guest: Caller) -> str:
    """The token of an invitation that somebody was sent."""
    desk, body = ground.stage.desk, {"email": guest.email, "role": "viewer"}
    letters = len(desk.letters(guest.email))
    answer = await desk.post(f"/v1/organizations/{ground.id}/members", body, ground.owner.token)
    assert answer.status_code == 201, answer.text
    return await desk.token_for(guest.email, letters + 1)


async def _session(ground: Ground) -> Mapping[str, Any]:
    """Another session of the owner's."""
    desk = ground.stage.desk
    await desk.log_in(ground.owner.email)
    answer = await desk.call("GET", "/v1/auth/sessions", ground.owner.token)
    newest: Mapping[str, Any] = answer.json()["items"][0]
    return newest


async def _alert(ground: Ground) -> Mapping[str, Any]:
    """An alert: less runway than the plan promises."""
    venture = await ground.thing(f"{ORGANIZATION}/ventures")
    today = local_date(clock.now(), "UTC").isoformat()
    operation = BY_ID["createMetric"]
    body = {"metric": "runway_months", "value": "3", "observed_on": today}
    path = operation.path(ground.id, {"venture_id": venture["id"]})
    answer = await ground.stage.call(operation, path, ground.owner, body)
    assert answer.status_code == 201, answer.text
    return await ground.listed(f"{ORGANIZATION}/alerts")


async def _variance(ground: Ground) -> Mapping[str, Any]:
    await ground.thing(f"{ORGANIZATION}/alerts")
    return await ground.listed(f"{ORGANIZATION}/ventures/{{venture_id}}/variances")


async def _raw_event(ground: Ground) -> Mapping[str, Any]:
    """An event of a connection; what it says is nonsense, so that it waits for a person."""
    connection = await ground.thing(f"{ORGANIZATION}/ingestion/stripe-connections")
    organization = await ground.stage.house.organization()
    desk = StripeDesk(ground.stage.house, organization, dict(connection), connection["webhook_secret"])
    charge = {"id": "ch_1", "object": "charge", "amount": "much", "currency": "myr", "created": 1_750_000_000}
    event = {"id": "evt_1", "object": "event", "api_version": "2024-06-20", "created": 1_750_000_000, "livemode": False}
    await desk.deliver([event | {"type": "charge.succeeded", "data": {"object": charge}}])
    return await ground.listed(f"{ORGANIZATION}/ingestion/raw-events")


async def _notification(ground: Ground) -> Mapping[str, Any]:
    """What the owner is told of an alert."""
    await ground.thing(f"{ORGANIZATION}/alerts")
    return await ground.listed(f"{ORGANIZATION}/notifications")


async def _webhook_delivery(ground: Ground) -> Mapping[str, Any]:
    await ground.do(BY_ID["testWebhookEndpoint"])
    return await ground.listed(f"{ORGANIZATION}/webhook-endpoints/{{endpoint_id}}/deliveries")


async def _parked(ground: Ground) -> Mapping[str, Any]:
    await ground.thing(f"{ORGANIZATION}/ingestion/raw-events")
    return await ground.listed(f"{ORGANIZATION}/ingestion/parked-events")


async def _proposal(ground: Ground) -> Mapping[str, Any]:
    """Other targets, as sync proposes them after months off the path."""
    venture = await ground.thing(f"{ORGANIZATION}/ventures")
    plan = await ground.stage.call(
        BY_ID["getPlan"], BY_ID["getPlan"].path(ground.id, {"venture_id": venture["id"]}), ground.owner
    )
    proposed = TargetsProposed(
        organization_id=UUID(ground.id),
        proposal_id=new_id(),
        venture_id=UUID(venture["id"]),
        version=1,
        plan_id=UUID(plan.json()["id"]),
        plan_version=1,
        status="open",
        targets={"target_mrr": "80000"},
        reason="MRR left its path for three months",
        months=("2026-01", "2026-02", "2026-03"),
        proposed_at=clock.now(),
        changed_at=clock.now(),
    )
    await ground.stage.house.publish(proposed)
    return await ground.listed(f"{ORGANIZATION}/ventures/{{venture_id}}/plan/proposals")


MAKERS: dict[str, Callable[[Ground], Awaitable[Mapping[str, Any]]]] = {
    "/v1/auth/sessions": _session,
    f"{ORGANIZATION}/alerts": _alert,
    f"{ORGANIZATION}/ingestion/parked-events": _parked,
    f"{ORGANIZATION}/ingestion/raw-events": _raw_event,
    f"{ORGANIZATION}/members": _member,
    f"{ORGANIZATION}/members/invitations": lambda ground: ground.do(BY_ID["inviteMember"]),
    f"{ORGANIZATION}/notifications": _notification,
    f"{ORGANIZATION}/ventures": _venture,
    f"{ORGANIZATION}/ventures/{{venture_id}}/plan/proposals": _proposal,
    f"{ORGANIZATION}/ventures/{{venture_id}}/variances": _variance,
    f"{ORGANIZATION}/webhook-endpoints/{{endpoint_id}}/deliveries": _webhook_delivery,
}
"""How something comes into a collection that no POST with an example fills."""

_VENTURE = f"{ORGANIZATION}/ventures/{{venture_id}}"
QUERIES = {
    **dict.fromkeys((("compareProjections", "a"), ("compareProjections", "b")), f"{_VENTURE}/projections"),
    **dict.fromkeys((("drawComparedProjections", "a"), ("drawComparedProjections", "b")), f"{_VENTURE}/projections"),
    **dict.fromkeys((("diffPlanVersions", "from"), ("diffPlanVersions", "to")), f"{_VENTURE}/plan/versions"),
}
"""The collections that query parameters name things of."""

EXTRA = {"getProjectionBands": "volatility=0.08", "withdrawMetric": "source=manual"}
"""What a query may leave out, but not for the thing that is made here."""


async def _acceptance(ground: Ground) -> Any:
    host = await ground.stage.ground()
    return {"token": await _invited(host, ground.owner)}


async def _code(ground: Ground) -> Any:
    from tests.service.identity.test_second_factor import code_of  # noqa: PLC0415 - it brings a library of its own

    begun = await ground.stage.desk.post("/v1/auth/second-factor", {"password": PASSWORD}, ground.owner.token)
    assert begun.status_code == 201, begun.text
    return {"code": code_of(begun.json()["secret"])}


async def _name(ground: Ground) -> Any:
    return {"name": f"Named {new_id()}"}


BODIES: dict[str, Callable[[Ground], Awaitable[Any]]] = {
    "createOrganization": _name,
    "updateOrganization": _name,
    "acceptInvitation": _acceptance,
    "confirmSecondFactor": _code,
}
"""Bodies that hold a secret of the moment, or a name that nobody else may have."""
