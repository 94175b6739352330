from typing import Any

import pytest

from services.gateway.openapi.rules import merge
from services.gateway.route.rules import Match, RouteTable


def operation(service: str, name: str = "x") -> dict[str, Any]:
    return {"x-service": service, "operationId": name}


TABLE = RouteTable(
    {
        "/v1/organizations": {"get": operation("identity"), "post": operation("identity")},
        "/v1/organizations/accept-invitation": {"post": operation("identity")},
        "/v1/organizations/{organization_id}": {"get": operation("identity")},
        "/v1/organizations/{organization_id}/ventures": {"get": operation("plans")},
        "/v1/organizations/{organization_id}/ventures/{venture_id}/metrics": {"get": operation("finance")},
        "/v1/organizations/{organization_id}/ventures/{venture_id}/plan": {"put": operation("plans")},
        "/v1/organizations/{organization_id}/ventures/{id}/variances": {"get": operation("sync")},
    }
)


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/v1/organizations", "identity"),
        ("GET", "/v1/organizations/7", "identity"),
        ("POST", "/v1/organizations/accept-invitation", "identity"),
        ("GET", "/v1/organizations/7/ventures", "plans"),
        ("GET", "/v1/organizations/7/ventures/", "plans"),
        ("GET", "/v1/organizations/7/ventures/8/metrics", "finance"),
        ("GET", "/v1/organizations/7/ventures/8/variances", "sync"),
    ],
)
def test_a_path_finds_its_service(method: str, path: str, service: str):
    assert TABLE.match(method, path) == Match(service)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/organizations/7/ventures/8", "/v1/organizations//ventures"])
def test_what_no_service_declares_is_nobodys(path: str):
    assert TABLE.match("GET", path) is None


def test_a_known_path_with_another_method_names_the_methods_it_has():
    assert TABLE.match("DELETE", "/v1/organizations") == Match(None, ("GET", "POST"))


def test_a_parameter_serves_where_the_literal_lacks_the_method():
    assert TABLE.match("GET", "/v1/organizations/accept-invitation") == Match("identity")


def document(schemas: dict[str, Any], path: str = "/a", name: str = "a") -> dict[str, Any]:
    reference = {"$ref": "#/components/schemas/" + next(iter(schemas))}
    return {
        "paths": {path: {"get": {"operationId": name, "responses": {"200": {"schema": reference}}}}},
        "components": {"schemas": schemas},
    }


def test_equal_components_are_shared_and_different_ones_get_their_service_in_front():
    merged = merge(
        {
            "plans": document({"Page": {"type": "object"}}, "/a", "a"),
            "sync": document({"Page": {"type": "object"}}, "/b", "b"),
            "finance": document({"Page": {"type": "array"}}, "/c", "c"),
        },
        "1",
    )
    assert set(merged["components"]["schemas"]) == {"Page", "FinancePage"}
    assert merged["paths"]["/c"]["get"]["responses"]["200"]["schema"]["$ref"].endswith("/FinancePage")
    assert merged["paths"]["/b"]["get"]["responses"]["200"]["schema"]["$ref"].endswith("/Page")
    assert merged["paths"]["/b"]["get"]["x-service"] == "sync"


def test_two_services_cannot_claim_one_operation_or_one_name():
    with pytest.raises(ValueError, match="claimed by plans and sync"):
        merge({"plans": document({"A": {}}), "sync": document({"A": {}})}, "1")
    with pytest.raises(ValueError, match="names GET /a and GET /b"):
        merge({"plans": document({"A": {}}, "/a", "n"), "sync": document({"A": {}}, "/b", "n")}, "1")
