"""Whatever a client sends, and whoever it is: answered as documented. Schemathesis over the merged OpenAPI document."""

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway.app import merged_openapi
from shared.contracts.identity import Role
from tests.harness.operations import OPERATIONS
from tests.loop.crawling import join
from tests.loop.histories import VENTURES, targets
from tests.loop.people import Outside, Tenant
from tests.loop.system import ROOT, System

AT_ONCE = 3
CONFORMANCE = (
    *("not_a_server_error", "status_code_conformance"),
    *("content_type_conformance", "response_schema_conformance"),
)
ORGANIZATION = "/v1/organizations/{organization_id}"
NOBODY, KEY, READING_KEY = "nobody", "key", "reading key"
PEOPLE = (Role.OWNER.value, Role.ADMIN.value, Role.MEMBER.value, "member of one venture", Role.VIEWER.value)
ENDING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("/v1/auth/logout", "/v1/auth/logout-all", "/v1/auth/sessions/{session_id}"), PEOPLE),
    f"{ORGANIZATION}/archive": (Role.OWNER.value,),
}
"""What would take away what the calls are made with, and from whom."""
DONE = dict.fromkeys((*PEOPLE, KEY), 40) | {Role.OWNER.value: 70, READING_KEY: 10, NOBODY: 3}
"""What everybody has done at least, in operations: what the tenant has not, cannot be asked for."""
OTHERWISE = 300
SHARED_HEADERS = {"Idempotency-Key", "If-Match", "If-None-Match"}
"""One piece for all operations, walked by ``tests/service/front_door``: here they are varied in a few."""
VARIED = {"createVenture", "updateVenture", "listVentures"}

# A method that nobody has is answered in one place: TRACE stands for all.
CONFIG = """
[phases.coverage]
unexpected-methods = ["trace"]
"""


def inside(organization: str, venture: str) -> dict[str, Any]:
    """The document with the organization filled in, and ventures that often exist."""
    document: dict[str, Any] = json.loads(merged_openapi())
    paths = {}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["x-spares"] = ENDING.get(path, ())
            operation["parameters"] = list(_parameters(operation, venture))
        paths[path.replace("{organization_id}", organization)] = operations
    return document | {"paths": paths}


def _parameters(operation: dict[str, Any], venture: str) -> Iterator[dict[str, Any]]:
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "venture_id":
            parameter["schema"] = {"type": "string", "enum": [venture]}
        if parameter["name"] in SHARED_HEADERS and operation["operationId"] not in VARIED:
            continue
        if parameter["name"] != "organization_id":
            yield parameter


async def callers(tenant: Tenant, door: Outside, venture: str) -> list[dict[str, str | None]]:
    """Somebody of every role, programs with keys, and nobody."""
    found: list[dict[str, str | None]] = [{"name": NOBODY, "role": None, "token": None}]
    for name in PEOPLE:
        person, role = tenant.owner, Role(name.split()[0])
        if role is not Role.OWNER:
            person = await door.person()
            await join(tenant, person, role, door.mailbox, *([venture] if name != role else ()))
        found.append({"name": name, "role": role, "token": person.token})
    for name, scopes in ((KEY, None), (READING_KEY, ["plans:read", "finance:read", "events:read"])):
        made = await tenant.post("api-keys", {"name": name, "role": Role.ADMIN, "scopes": scopes})
        found.append({"name": name, "role": Role.ADMIN, "token": made["key"]})
    return found


@pytest.mark.fuzz
async def test_whoever_asks_whatever_is_answered_as_documented(system: System, door: Outside, tmp_path: Path):
    tenant = await door.tenant()
    name = next(iter(VENTURES))
    venture = await tenant.venture(name, targets(name))
    people = await callers(tenant, door, venture)
    document, gateway = inside(tenant.id, venture), system.url("gateway")
    folders = [tmp_path / str(part) for part in range(AT_ONCE)]
    for part, folder in enumerate(folders):
        folder.mkdir()
        paths = dict(list(document["paths"].items())[part::AT_ONCE])
        (folder / "openapi.json").write_text(json.dumps(document | {"paths": paths}))
        (folder / "callers.json").write_text(json.dumps({"gateway": gateway, "callers": people}))
        (folder / "schemathesis.toml").write_text(CONFIG)
    for said in await asyncio.gather(*(asyncio.to_thread(campaign, folder, gateway) for folder in folders)):
        assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-2000:]
    everybody_was_answered([line for folder in folders for line in (folder / "calls").read_text().splitlines()])


def campaign(folder: Path, gateway: str) -> subprocess.CompletedProcess[str]:
    """One part of the document. With one worker: CPython 3.11 parses in one thread at a time, and fails in two."""
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", "--url", gateway),
            *("--checks", "no_more_than_the_role,everybody," + ",".join(CONFORMANCE)),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", "4", "--seed", "1"),
            *("--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30"),
            *("--generation-with-security-parameters", "false"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.loop.callers"},
    )


def everybody_was_answered(calls: list[str]) -> None:
    """Each called every operation, and got something of what they may have."""
    answers: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for line in calls:
        caller, operation, status = json.loads(line)
        answers[caller][operation].add(status)
    every = {operation.id for operation in OPERATIONS}
    spared = {operation.id: ENDING.get(operation.template, ()) for operation in OPERATIONS}
    for caller in DONE:
        called = answers[caller]
        assert not [each for each in every - called.keys() if caller not in spared[each]], caller
        done = [operation for operation, statuses in called.items() if any(status < OTHERWISE for status in statuses)]
        assert len(done) >= DONE[caller], f"{caller} has done {sorted(done)}"
