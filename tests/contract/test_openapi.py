"""The merged OpenAPI document: fresh, complete, and honest about what each operation needs."""

from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

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

TEXTS = {"application/json", "text/markdown"}
WITHOUT_KEYS = {"setUpSecondFactor", "renewRecoveryCodes", "disableSecondFactor"}
"""They take the password or a code each time, and a code counts once: a kept answer would let it count again."""

WITHOUT_VERSION = {"mapCustomer", "labelPlanVersion"}
"""A mapping is set as a whole, and its changes are kept; the version is the thing that is named."""

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


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    whole = schema | {"components": DOCUMENT["components"]}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def media_of(operation: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """What an operation takes and gives: where, media type, and what is said of it."""
    said = [("request", operation.get("requestBody", {}))]
    said += [(status, answer) for status, answer in operation["responses"].items() if status.startswith("2")]
    return [(where, kind, media) for where, part in said for kind, media in part.get("content", {}).items()]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_every_body_and_every_answer_has_an_example_that_fits(method: str, path: str, operation: dict):
    for where, kind, media in media_of(operation):
        if kind not in TEXTS:
            continue
        assert "example" in media, f"{where}: no example"
        wrong = [
            f"{error.json_path}: {error.message}" for error in validator(media["schema"]).iter_errors(media["example"])
        ]
        assert not wrong, f"the example of {where} does not fit; give these fields Field(examples=[...]): {wrong}"


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_what_every_operation_does_the_same_way_is_said(method: str, path: str, operation: dict):
    headers = {each["name"].lower() for each in operation.get("parameters", []) if each["in"] == "header"}
    if method == "get":
        answers = operation["responses"].get("200", {}).get("content", {})
        assert ("304" in operation["responses"]) == ("if-none-match" in headers)
        assert "304" in operation["responses"] or "application/json" not in answers
    elif operation.get("security") and operation["operationId"] not in WITHOUT_KEYS:
        assert "idempotency-key" in headers
    else:
        assert "idempotency-key" not in headers
    if method in {"patch", "put"} and operation["operationId"] not in WITHOUT_VERSION:
        assert "if-match" in headers, "an update says which version it was made from"
    if not operation.get("security") and not path.startswith("/webhooks/"):
        assert "429" in operation["responses"], "whoever needs no token is counted"
    if "if-match" in headers:
        assert "409" in operation["responses"]
    if "x-needs-role" in operation:
        assert f"Needs the role {operation['x-needs-role']}" in operation["description"]
