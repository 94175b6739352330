"""The documents keep their word: every command exists, every setting and file that they name."""

import re
import subprocess
from pathlib import Path

import pytest

from services.finance.jobs import JOBS as FINANCE
from services.reporting.jobs import JOBS as REPORTING
from services.sync.jobs import JOBS as SYNC
from trueup import local
from trueup.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OPERATOR = re.compile(r"python -m trueup ([a-z-]+)((?: [a-z]+(?= |$|`))?)")


def named_commands() -> set[tuple[str, str]]:
    return {match for page in PAGES for match in OPERATOR.findall(page.read_text(encoding="utf8"))}


def test_commands_are_named_at_all():
    assert {"verify", "figures", "events", "replay"} <= {command for command, _ in named_commands()}


@pytest.mark.parametrize(("command", "sub"), sorted(named_commands()))
def test_every_command_that_a_page_names_explains_itself(
    command: str, sub: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert command in COMMANDS
    monkeypatch.setattr(local, "join_running_system", lambda: None)
    assert main([command, *sub.split(), "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_every_make_target_that_a_page_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z]+)", page.read_text(encoding="utf8"))}
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path):
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf8")):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"


def settings_read_by_code() -> set[str]:
    literal = re.compile(r"\bTRUEUP_[A-Z_]*[A-Z]\b")
    by_name = re.compile(r"\b(?:environment|number)\(\s*\"([A-Z_]+)\"")
    found: set[str] = set()
    for root in ("services", "shared", "trueup"):
        for path in (ROOT / root).rglob("*.py"):
            text = path.read_text(encoding="utf8")
            found |= set(literal.findall(text)) | {f"TRUEUP_{name}" for name in by_name.findall(text)}
    return found


def test_every_setting_is_in_the_table():
    table = (ROOT / "docs" / "settings.md").read_text(encoding="utf8")
    services = "IDENTITY|GATEWAY|PLANS|INGESTION|FINANCE|SYNC|REPORTING"
    general = {re.sub(f"TRUEUP_({services})_", "TRUEUP_<SERVICE>_", name) for name in settings_read_by_code()}
    documented = set(re.findall(r"`(TRUEUP_[A-Z_<>]+)`", table))
    documented |= {
        f"TRUEUP_{who}_NATS_{what}" for who in ("<SERVICE>", "OPERATOR", "READER") for what in ("USER", "PASSWORD")
    }
    assert general - documented == set()
    assert (
        documented
        - general
        - {"TRUEUP_<SERVICE>_NATS_USER", "TRUEUP_<SERVICE>_NATS_PASSWORD"}
        - {name for name in documented if "<SERVICE>" in name}
        == set()
    )


def test_nothing_names_a_registry_or_a_path_of_one_machine():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    forbidden = re.compile(r"pypi\.org|pythonhosted|registry\.npmjs|/root/|/home/[a-z]")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in (".pdf", ".png") or path == Path(__file__) or not path.exists():
            continue
        hit = forbidden.search(path.read_text(encoding="utf8", errors="replace"))
        assert hit is None, f"{name}: {hit and hit.group()}"


def test_every_job_is_in_the_table_of_jobs_with_its_time():
    table = (ROOT / "docs" / "jobs.md").read_text(encoding="utf8")
    for service, jobs in (("finance", FINANCE), ("sync", SYNC), ("reporting", REPORTING)):
        for job in jobs:
            (row,) = re.findall(rf"^\| {service} \| `{job.name}` \| ([^|]*) \|", table, re.MULTILINE)
            assert re.findall(r"\d+", row) == re.findall(r"\d+", job.schedule.says()), job.name
