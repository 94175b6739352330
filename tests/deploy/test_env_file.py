"""`make env`: random secrets, never lost."""

import base64
import re
import stat
import subprocess
from pathlib import Path

import pytest

from shared.platform.auth.nats_tokens import Issuer, new_seed
from tests.deploy.compose import COMPOSE_FILE, ROOT

ASKED_FOR = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE_FILE.read_text(encoding="utf8")))


def write(file: Path) -> str:
    """Run it; what it says."""
    return subprocess.run(
        ["sh", str(ROOT / "scripts/env.sh"), str(file)], capture_output=True, text=True, check=True
    ).stdout


def values(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text(encoding="utf8").splitlines())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    return folder / "env"


def test_it_has_what_compose_asks_for_and_nothing_else(file: Path):
    said = write(file)
    found = values(file)
    assert set(found) == ASKED_FOR
    assert len(base64.b64decode(found.pop("TRUEUP_SECRET_KEY"), validate=True)) == 32
    assert Issuer(found.pop("TRUEUP_SUBSCRIBER_ISSUER_SEED")).name == found.pop("TRUEUP_SUBSCRIBER_ISSUER")
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in found.values()), "nothing that needs quotes"
    assert len(set(found.values())) == len(found)
    assert not any(value in said for value in found.values())


def test_only_its_owner_reads_it(file: Path):
    write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_files_share_nothing(file: Path):
    other = file.with_name("other")
    write(file)
    write(other)
    assert not set(values(file).values()) & set(values(other).values())


def test_what_is_there_stays_and_it_says_so(file: Path):
    write(file)
    before = file.read_bytes()
    assert "exists" in write(file)
    assert file.read_bytes() == before


def test_what_is_missing_is_added_and_named(file: Path):
    file.write_text("TRUEUP_PORT=9000\nTRUEUP_SYNC_NATS_PASSWORD=mine", encoding="utf8")
    said = write(file)
    found = values(file)
    assert (found["TRUEUP_PORT"], found["TRUEUP_SYNC_NATS_PASSWORD"]) == ("9000", "mine")
    assert set(found) == ASKED_FOR | {"TRUEUP_PORT"}
    assert "TRUEUP_PLANS_NATS_PASSWORD" in said
    assert "TRUEUP_SYNC_NATS_PASSWORD" not in said


def test_the_public_half_belongs_to_the_seed_that_is_there(file: Path):
    for _ in range(3):
        seed = new_seed()
        file.write_text(f"TRUEUP_SUBSCRIBER_ISSUER_SEED={seed}\n", encoding="utf8")
        write(file)
        assert values(file)["TRUEUP_SUBSCRIBER_ISSUER"] == Issuer(seed).name


def test_git_and_the_image_never_see_it():
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf8").splitlines()
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf8").splitlines() if line[:1] == "!"]
    assert (ROOT / ".dockerignore").read_text(encoding="utf8").splitlines()[1] == "*", "nothing, except for:"
    assert ".env" not in allowed
