"""Whatever a client sends, it is told what to change: Schemathesis over the merged OpenAPI document."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.gateway.app import merged_openapi
from tests.loop.histories import VENTURES, targets
from tests.loop.people import Outside
from tests.loop.system import System

ORGANIZATION = "/v1/organizations/{organization_id}"
# A log-in is slow on purpose (argon2id), and so is a printed report.
SLOW = {"/v1/auth/login", "/v1/auth/register", "/v1/auth/reset-password", f"{ORGANIZATION}/reports"}

# They would take away what the calls are made with.
ENDING = {"/v1/auth/logout", "/v1/auth/logout-all", "/v1/auth/sessions/{session_id}", f"{ORGANIZATION}/archive"}


def inside(organization: str, venture: str, *, slow: bool) -> dict[str, Any]:
    """The document with the organization filled in, and ventures that often exist."""
    document: dict[str, Any] = json.loads(merged_openapi())
    paths = {}
    for path, operations in document["paths"].items():
        if (path in SLOW) is not slow or path in ENDING:
            continue
        for operation in operations.values():
            kept = [each for each in operation.get("parameters", []) if each["name"] != "organization_id"]
            for parameter in kept:
                if parameter["name"] == "venture_id":
                    parameter["schema"] = {"type": "string", "enum": [venture]}
            operation["parameters"] = kept
        paths[path.replace("{organization_id}", organization)] = operations
    return document | {"paths": paths}


@pytest.mark.fuzz
@pytest.mark.parametrize(("slow", "examples"), [(False, 4), (True, 3)], ids=["all", "slow ones"])
async def test_no_input_ends_in_a_5xx(system: System, door: Outside, tmp_path: Path, slow: bool, examples: int):
    tenant = await door.tenant()
    name = next(iter(VENTURES))
    venture = await tenant.venture(name, targets(name))
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(inside(tenant.id, venture, slow=slow)))
    done = await asyncio.to_thread(
        subprocess.run,
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", system.url("gateway")),
            *("--header", f"Authorization: Bearer {tenant.owner.token}", "--checks", "not_a_server_error"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--workers", "4"),
            *("--seed", "1", "--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "20"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
