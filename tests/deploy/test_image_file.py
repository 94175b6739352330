"""What deploy/Dockerfile promises, without an engine."""

import re
import subprocess

from shared.platform.settings import environment
from tests.deploy.compose import ROOT

TEXT = re.sub(r"\\\n", "", (ROOT / "deploy/Dockerfile").read_text(encoding="utf8"))
LINES = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
STAGES = [index for index, line in enumerate(LINES) if line.startswith("FROM ")]
LAST = LINES[STAGES[-1] :]


def test_two_stages_on_the_slim_base():
    assert LINES[0] == "ARG PYTHON_IMAGE=python:3.11-slim-bookworm"
    assert [LINES[index] for index in STAGES] == ["FROM ${PYTHON_IMAGE} AS build", "FROM ${PYTHON_IMAGE}"]
    assert not any("pip" in line for line in LAST), "nothing is installed in what runs"


def test_it_runs_as_nobody_in_particular():
    users = [line.split()[1] for line in LAST if line.startswith("USER ")]
    assert users == ["10001:10001"], "a number, so that an orchestrator can see that it is not root"
    assert LAST.index("USER 10001:10001") > max(i for i, line in enumerate(LAST) if line.startswith(("RUN", "COPY")))


def test_only_locked_packages_and_only_those_for_running():
    assert "--require-hashes -r requirements.lock" in TEXT
    assert "requirements-dev" not in TEXT


def test_only_what_is_copied_goes_to_the_builder():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = {source.rstrip("/") for line in LINES if line.startswith("COPY ") and "--from" not in line
              for source in line.split()[1:-1]}  # fmt: skip
    assert copied == allowed
    for name in copied:
        assert (ROOT / name).exists()


def test_the_builder_of_an_older_docker_understands_it():
    assert "--mount" not in TEXT
    assert "<<" not in TEXT
    assert "--chmod" not in TEXT


def test_the_health_check_can_be_run():
    tracked = subprocess.run(
        ["git", "ls-files", "--stage", "deploy/ready"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert tracked.startswith("100755")
    assert any(line.startswith("HEALTHCHECK") and "trueup-ready" in line for line in LAST)
    subprocess.run(["bash", "-n", str(ROOT / "deploy/ready")], check=True)


def test_its_own_settings_are_known_ones(monkeypatch):
    given = dict(re.findall(r"(TRUEUP_[A-Z_]+)=(\S+)", TEXT))
    assert set(given) == {"TRUEUP_HOST", "TRUEUP_PORT", "TRUEUP_STATE_DIR", "TRUEUP_MAIL_DIR"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert (environment("HOST"), environment("PORT")) == ("0.0.0.0", "8000")
