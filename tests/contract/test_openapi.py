"""The merged OpenAPI document: fresh, complete, and honest about what each operation needs."""

import orjson
import pytest

from services.gateway.app import merged_openapi
from shared.contracts.identity import Role
from trueup.commands.openapi import as_json, merged_document

DOCUMENT = orjson.loads(merged_openapi())
OPERATIONS = [
    (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
IDS = [f"{method.upper()} {path}" for method, path, _ in OPERATIONS]

PROMISED = {
    "post /v1/auth/register",
    "post /v1/auth/verify-email",
    "post /v1/auth/login",
    "get /v1/organizations",
    "post /v1/organizations",
    "post /webhooks/stripe/{connection_id}",
    *(
        f"{method} /v1/organizations/{{organization_id}}/{path}"
        for method, path in [
            *[("get", "ventures"), ("post", "ventures"), ("get", "ventures/{venture_id}")],
            *[("get", "ventures/{venture_id}/plan"), ("put", "ventures/{venture_id}/plan")],
            *[("get", "ventures/{venture_id}/plan/versions"), ("get", "ventures/{venture_id}/projections")],
            *[("get", "ventures/{venture_id}/metrics"), ("post", "ventures/{venture_id}/metrics")],
            *[("get", "ventures/{venture_id}/variances"), ("get", "alerts"), ("post", "alerts/{alert_id}/dismiss")],
            *[("get", "finance/accounts"), ("post", "finance/accounts"), ("get", "finance/subscriptions")],
            *[("get", "ingestion/stripe-connections"), ("post", "ingestion/stripe-connections")],
            *[("get", "ingestion/raw-events"), ("get", "ingestion/parked-events")],
            *[("get", "ingestion/payments"), ("get", "ingestion/payouts"), ("get", "ingestion/status")],
            *[("get", "dashboard/portfolio"), ("post", "reports"), ("get", "reports")],
            *[("get", "reports/{report_id}"), ("get", "reports/{report_id}/pdf")],
        ]
    ),
}


def test_the_committed_document_is_fresh():
    assert merged_openapi() == as_json(merged_document()), "run: python -m trueup openapi"


def test_every_promised_path_is_there():
    assert PROMISED - {f"{method} {path}" for method, path, _ in OPERATIONS} == set()


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_operation_is_described(method: str, path: str, operation: dict):
    assert operation["operationId"].isidentifier()
    assert "_" not in operation["operationId"]
    assert operation.get("summary")
    assert operation["x-service"]
    if path.startswith("/v1/organizations/{organization_id}"):
        assert operation["x-needs-role"] in set(Role)
        assert {"401", "403", "404"} <= set(operation["responses"])
        assert operation.get("security"), "it takes an access token"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_problems_are_problem_json(method: str, path: str, operation: dict):
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            shared = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
            assert list(shared["content"]) == ["application/problem+json"]
