"""Every operation that takes a token, with none that counts: 401 from the service itself."""

import base64
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest

from shared.contracts.identity import Role
from tests.harness.house import House, Organization
from tests.harness.operations import OPERATIONS, Operation
from tests.harness.tokens import claims_of, signed, stranger

SERVICES = sorted({operation.service for operation in OPERATIONS})
WITH_TOKEN = [operation for operation in OPERATIONS if operation.takes_token]


@dataclass
class Open:
    """Every service, an organization, and a client of each service."""

    organization: Organization
    clients: dict[str, httpx2.AsyncClient]
    refused: dict[str, str | None]


def unsigned(claims: dict[str, Any]) -> str:
    """``alg=none``, as RFC 7519 allows and nobody may accept."""
    parts = [orjson.dumps({"alg": "none", "typ": "JWT"}), orjson.dumps(claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def changed(token: str) -> str:
    """Other claims under the signature of these."""
    head, claims, signature = token.split(".")
    other = orjson.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": str(uuid4())}
    return ".".join([head, base64.urlsafe_b64encode(orjson.dumps(other)).rstrip(b"=").decode(), signature])


@pytest.fixture
async def opened(house: House) -> Open:
    await house.start(*SERVICES)
    organization = await house.organization()
    await house.settle()
    roles = {organization.id: Role.OWNER}
    good = claims_of(organization.owner, roles)
    refused = {
        "no token": None,
        "expired": signed(claims_of(organization.owner, roles, lifetime=-60)),
        "another issuer": signed(good | {"iss": "https://elsewhere.example"}),
        "another audience": signed(good | {"aud": "elsewhere"}),
        "another key": signed(good, stranger()),
        "alg none": unsigned(good),
        "changed claims": changed(signed(good)),
        "no token at all": "Bearer",
    }
    return Open(organization, {name: house.client(name) for name in SERVICES}, refused)


async def test_without_a_token_that_counts_nothing_opens(opened: Open):
    wrong = []
    for operation in WITH_TOKEN:
        path = operation.path(opened.organization.id, {name: str(uuid4()) for name in operation.parameters})
        for reason, token in opened.refused.items():
            answer = await asked(opened, operation, path, token)
            if answer.status_code != 401 or answer.headers["content-type"] != "application/problem+json":
                wrong.append(f"{operation.id} ({reason}): {answer.status_code} {answer.text[:200]}")
            elif answer.headers.get("www-authenticate") != "Bearer":
                wrong.append(f"{operation.id} ({reason}): WWW-Authenticate is {answer.headers.get('www-authenticate')}")
    assert not wrong


async def asked(opened: Open, operation: Operation, path: str, token: str | None) -> httpx2.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body: Any = {} if operation.takes_body else None
    return await opened.clients[operation.service].request(operation.method, path, json=body, headers=headers)
