"""The demo as its first user sees it: it says what happened, its summary is complete, a second run finds it again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness.surroundings import bare_environment, ends_with_us
from trueup.demo.company import VENTURES
from trueup.local import ROOT

KEYS = {
    "organization_id",
    "gateway_url",
    "admin",
    "viewer",
    "other_organization",
    "stripe",
    "nats",
    "services",
    "ventures",
    "report_pdf",
    "latency_ms",
    "events",
}


def demo(folder: Path) -> tuple[str, dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "trueup", "demo", "--exit"],
        cwd=ROOT,
        env=bare_environment() | {"TRUEUP_STATE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
        preexec_fn=ends_with_us(),
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout, json.loads((folder / "demo" / "summary.json").read_text())


@pytest.mark.timeout(360)
def test_the_demo_comes_true_and_a_second_run_finds_it_again(tmp_path: Path) -> None:
    folder = tmp_path / "a state folder"
    said, summary = demo(folder)
    assert "every venture stands against its plan as designed" in said
    assert "each event counted once" in said
    assert summary.keys() == KEYS
    assert summary["stripe"].keys() == {"connection_id", "webhook_url", "direct_webhook_url", "webhook_secret"}
    assert summary["latency_ms"].keys() == {"p50", "p99"}
    assert {line["name"]: line["status"] for line in summary["ventures"]} == {
        story.name: story.status for story in VENTURES
    }
    assert Path(summary["report_pdf"]).read_bytes().startswith(b"%PDF")
    assert not (folder / "run" / "ready").exists()

    said, again = demo(folder)
    assert "the company is there already" in said
    assert again["organization_id"] == summary["organization_id"]
    assert [line["actual_mrr"] for line in again["ventures"]] == [line["actual_mrr"] for line in summary["ventures"]]
