"""``trueup chaos`` says what it would do, and refuses what makes no sense."""

from pathlib import Path

import pytest

from trueup import cli, local


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(local.STATE_VARIABLE, str(tmp_path))


def test_a_rehearsal_prints_the_same_faults_each_time(capsys: pytest.CaptureFixture[str]):
    said = []
    for _ in range(2):
        assert cli.main(["chaos", "--seed", "7", "--seconds", "20", "--dry-run"]) == 0
        said.append(capsys.readouterr().err)
    assert said[0] == said[1]
    assert said[0].startswith("seed 7: ")


def test_commands_of_an_operator_are_only_for_kills(capsys: pytest.CaptureFixture[str]):
    asked = ["chaos", "--kill", "finance=docker kill finance", "--seed", "1", "--dry-run"]
    assert cli.main(asked) == 0
    assert "pause" not in capsys.readouterr().err
    assert cli.main(["chaos", "--kill", "finance=docker kill finance", "--fault", "finance:pause"]) == 4
    assert "only be killed" in capsys.readouterr().err
    assert cli.main(["chaos", "--kill", "finance=docker kill finance", "--fault", "sync"]) == 4
    assert "there is no --kill sync=COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--seconds", "1"],
        ["--seed", "-1"],
        ["--fault", "finance:explode"],
        ["--fault", "finance@90", "--seconds", "40"],
        ["--spare", "nobody"],
        ["--kill", "finance"],
        ["--kill", "nobody=true"],
        ["--here", "--kill", "finance=true"],
        ["--every", "0"],
        ["--events", "-5"],
    ],
)
def test_wrong_arguments_are_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(["chaos", *wrong]) == 2
    assert capsys.readouterr().err


def test_nothing_runs_here(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["chaos", "--here", "--seed", "1"]) == 4
    assert "nothing runs in" in capsys.readouterr().err
