"""Every operation of the merged OpenAPI document, for tests that walk all of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from services.gateway.app import merged_openapi
from shared.contracts.identity import Role

ORGANIZATION = "/v1/organizations/{organization_id}"
DOCUMENT: dict[str, Any] = orjson.loads(merged_openapi())
_PARAMETER = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Operation:
    """One operation. ``needs`` None: it belongs to no organization."""

    id: str
    service: str
    method: str
    template: str
    needs: Role | None
    statuses: frozenset[int]
    takes_body: bool
    takes_token: bool
    query: frozenset[str]
    required: frozenset[str]
    """Query parameters that must be given."""

    @property
    def parameters(self) -> list[str]:
        """The path's parameters after the organization, in their order."""
        return [name for name in _PARAMETER.findall(self.template) if name != "organization_id"]

    def path(self, organization_id: object, values: Mapping[str, str]) -> str:
        """The path with every parameter filled in."""
        return self.template.format(organization_id=organization_id, **values)

    def __str__(self) -> str:
        return self.id


def _read() -> Iterator[Operation]:
    for template, operations in DOCUMENT["paths"].items():
        for method, said in operations.items():
            needs = said.get("x-needs-role")
            yield Operation(
                said["operationId"],
                said["x-service"],
                method.upper(),
                template,
                Role(needs) if needs else None,
                frozenset(int(status) for status in said["responses"]),
                "requestBody" in said,
                bool(said.get("security")),
                *_query(said.get("parameters", [])),
            )


def _query(parameters: list[dict[str, Any]]) -> tuple[frozenset[str], frozenset[str]]:
    query = [each for each in parameters if each["in"] == "query"]
    return frozenset(each["name"] for each in query), frozenset(each["name"] for each in query if each.get("required"))


OPERATIONS = tuple(_read())
TENANT_OPERATIONS = tuple(operation for operation in OPERATIONS if operation.needs is not None)
LISTS = {
    operation.template: operation
    for operation in OPERATIONS
    if operation.method == "GET" and {"limit", "cursor"} <= operation.query
}
