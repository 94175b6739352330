"""Whatever the route: a commit that fails is told, leaves nothing behind, and the same request works afterwards.

And whoever changed something is in the audit log for it: once, when it happened.
"""

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self

import httpx2
import psycopg
import pytest
from fastapi.responses import Response
from fastapi.routing import APIRoute
from psycopg import sql
from sqlalchemy import text

from services.gateway.app import merged_openapi
from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from shared.platform.http.call import TenantCall, UserCall
from shared.platform.http.idempotency import MUTATING
from shared.platform.http.problems import MEDIA_TYPE
from tests.harness.house import House
from tests.harness.tokens import access_token
from tests.service.ingestion.stripe_desk import StripeDesk
from trueup.databases import services_with_database
from trueup.stripe_double import CLOVER, StripeAccount

CREATED = 201
WEBHOOK = ("POST", "/webhooks/stripe/{connection_id}")
AT_THE_DOOR = "/v1/auth/"
"""Who is not yet known has no idempotency keys; these routes open their transactions themselves, and are tried one by
one in tests/service/identity/test_failed_commits.py."""

_PREPARE = """
CREATE TABLE platform.trouble (since timestamptz);
CREATE TABLE platform.effects (route text);
GRANT SELECT ON platform.trouble TO PUBLIC;
GRANT SELECT, INSERT ON platform.effects TO PUBLIC;
CREATE FUNCTION platform.fail_in_trouble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM platform.trouble) THEN
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(5);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_change AFTER INSERT ON platform.effects FOR EACH ROW
WHEN (current_setting('app.actor', true) <> '') EXECUTE FUNCTION platform.note_change('{}', '{}', '{}', '', '')
"""
_TOLD = "event_type = 'audit.recorded' AND payload::jsonb #>> '{changes,0,after,route}' = %s"
_OWNED = "SELECT 'owned', relname FROM pg_class WHERE relnamespace = 'owned'::regnamespace AND relkind = 'r'"
_TRIGGER = """
CREATE CONSTRAINT TRIGGER fail_in_trouble AFTER INSERT OR UPDATE OR DELETE ON {} DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION platform.fail_in_trouble()
"""


class Records:
    """A service's database, in which the server can be made to lose the connection at COMMIT."""

    def __init__(self, house: House, service: str, spared: str = "") -> None:
        """``spared``: a table whose rows are stored even in trouble."""
        self._connection = psycopg.connect(house.database_url(service, "operator"), autocommit=True)
        self._connection.execute(_PREPARE)
        owned = [table for table in self._connection.execute(_OWNED).fetchall() if table[1] != spared]
        for table in [*owned, ("platform", "effects")]:
            self._connection.execute(sql.SQL(_TRIGGER).format(sql.Identifier(*table)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ending: object) -> None:
        self._connection.close()

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """No commit succeeds that wrote a row of the service's own."""
        self.run("INSERT INTO platform.trouble VALUES (now())")
        try:
            yield
        finally:
            self.run("DELETE FROM platform.trouble")

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def count(self, table: str, where: str = "true", *parameters: Any) -> int:
        return self._connection.execute(f"SELECT count(*) FROM {table} WHERE {where}", parameters).fetchone()[0]


def mutating_routes(app: Any) -> list[Any]:
    """The app's own copies of the routes of its routers."""
    included = [router for router in app.routes if hasattr(router, "effective_candidates")]
    routes = [route for router in included for route in router.effective_candidates()]
    return [route for route in routes if isinstance(route.original_route, APIRoute) and route.methods & MUTATING]


def name_of(route: Any) -> tuple[str, str]:
    (method,) = route.methods & MUTATING
    return method, route.path


def documented(service: str) -> set[tuple[str, str]]:
    """The mutating operations of a service in the document that the gateway serves."""
    return {
        (method.upper(), path)
        for path, operations in json.loads(merged_openapi())["paths"].items()
        for method, operation in operations.items()
        if method.upper() in MUTATING and operation["x-service"] == service
    }


def let_it_write_a_row(route: Any) -> None:
    """The route with its dependencies and its transaction, and an endpoint that asks for nothing and writes a row."""

    async def write(**given: Any) -> Response:
        for call in given.values():
            if isinstance(call, TenantCall | UserCall):
                statement = text("INSERT INTO platform.effects VALUES (:route)")
                await call.session.execute(statement, {"route": " ".join(name_of(route))})
        return Response(b'{"done": true}', status_code=CREATED, media_type="application/json")

    route.dependant.call = write
    asked = route.dependant
    for parameters in (asked.body_params, asked.query_params, asked.header_params, asked.path_params):
        parameters.clear()
    route.body_field = None


def told(answer: httpx2.Response) -> None:
    """A failure is a problem that says to try again."""
    assert answer.status_code == 503, f"{answer.request.url}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == "unavailable"


@pytest.mark.parametrize("service", services_with_database())
async def test_on_every_mutating_route_a_failed_commit_is_told_and_stores_nothing_and_a_retry_acts_once(
    house: House, service: str
) -> None:
    await house.start(service, roles=("http",))
    routes = mutating_routes(house.replicas[service][0].app)
    assert documented(service) - {name_of(route) for route in routes} <= {WEBHOOK}
    org = await house.organization()
    client = house.client(service)
    client.headers["Authorization"] = f"Bearer {access_token(org.owner, {org.id: Role.OWNER})}"

    async def call(route: Any, key: str) -> httpx2.Response:
        method, path = name_of(route)
        path = path.replace("{organization_id}", str(org.id))
        for name in [part.strip("{}") for part in path.split("/") if part.startswith("{")]:
            path = path.replace(f"{{{name}}}", str(org.owner))
        return await client.request(method, path, headers={"Idempotency-Key": key})

    with Records(house, service) as records:
        for route in routes:
            if not route.path.startswith(AT_THE_DOOR):
                let_it_write_a_row(route)
                await told_then_done_once(records, " ".join(name_of(route)), partial(call, route, str(new_id())))


async def told_then_done_once(records: Records, route: str, call: Callable[[], Awaitable[httpx2.Response]]) -> None:
    with records.trouble():
        told(await call())
    assert records.count("platform.effects") == 0, route
    assert records.count("platform.idempotency_keys") == 0, route
    assert records.count("platform.outbox", _TOLD, route) == 0, route
    again = await call()
    assert (again.status_code, records.count("platform.effects", "route = %s", route)) == (CREATED, 1), route
    once_more = await call()
    assert once_more.headers.get("Idempotency-Replayed") == "true", route
    assert (once_more.text, records.count("platform.effects")) == (again.text, 1), route
    assert records.count("platform.outbox", _TOLD, route) == 1, f"{route} is in the audit log"
    records.run("DELETE FROM platform.effects; DELETE FROM platform.idempotency_keys")


async def test_a_webhook_whose_commit_fails_is_not_acknowledged(house: House) -> None:
    await house.start("ingestion", roles=("http",))
    desk = await StripeDesk.open(house)
    (event,) = StripeAccount("commit", CLOVER).customers.create("Ada", datetime.now(UTC))
    with Records(house, "ingestion") as records, records.trouble():
        told(await desk.post(event))
    assert await desk.raw_count() == 0
    assert (await desk.post(event)).status_code == 200
    assert (await desk.post(event)).status_code == 200
    assert await desk.raw_count() == 1
