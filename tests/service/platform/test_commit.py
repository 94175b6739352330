"""Whatever the route: what is answered with success has been committed."""

from importlib import import_module
from typing import Any

import pytest
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from shared.contracts.identity import Role
from shared.kernel.ids import new_id
from shared.platform.http.idempotency import MUTATING
from tests.harness.house import House
from tests.harness.tokens import access_token
from trueup.databases import services_with_database

CREATED = 201


def mutating_routes(app: Any) -> list[Any]:
    """The app's own copies of the routes of its routers."""
    included = [router for router in app.routes if hasattr(router, "effective_candidates")]
    routes = [route for router in included for route in router.effective_candidates()]
    return [route for route in routes if isinstance(route.original_route, APIRoute) and route.methods & MUTATING]


def let_it_succeed(route: Any) -> None:
    """The route with its dependencies, and an endpoint that asks for nothing and always succeeds."""

    async def succeed(**_given: Any) -> Response:
        return Response(status_code=CREATED)

    route.dependant.call = succeed
    asked = route.dependant
    for parameters in (asked.body_params, asked.query_params, asked.header_params, asked.path_params):
        parameters.clear()
    route.body_field = None


@pytest.mark.parametrize("service", services_with_database())
async def test_no_mutating_route_answers_with_success_when_its_commit_fails(house: House, service: str) -> None:
    await house.start(service, roles=("http",))
    replica = house.replicas[service][0]
    routes = mutating_routes(replica.app)
    assert routes or not import_module(f"services.{service}.app").SERVICE.routers
    org = await house.organization()
    token = access_token(org.owner, {org.id: Role.OWNER})
    client = house.client(service)
    client.headers["Authorization"] = f"Bearer {token}"

    async def call(route: Any) -> int:
        path = route.path.replace("{organization_id}", str(org.id))
        names = [part.strip("{}") for part in path.split("/") if part.startswith("{")]
        for name in names:
            path = path.replace(f"{{{name}}}", str(new_id()))
        (method,) = route.methods & MUTATING
        return (await client.request(method, path)).status_code

    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    def fail(_connection: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("the connection is gone"))

    engine = replica.runtime.database.engine.sync_engine
    event.listen(engine, "commit", count)
    committing = []
    for route in routes:
        let_it_succeed(route)
        before = commits
        status = await call(route)
        assert status == CREATED, f"{route.methods} {route.path} answered {status}"
        # Registering and logging in open their transactions inside the endpoint, and end them there.
        if commits > before:
            committing.append(route)
    assert committing, "some route commits after its endpoint"
    event.listen(engine, "commit", fail)
    try:
        for route in committing:
            status = await call(route)
            assert status == 503, f"{route.methods} {route.path} answered {status}"
    finally:
        event.remove(engine, "commit", fail)
