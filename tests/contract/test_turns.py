"""What runs on which worker is said by file names: they are those of files."""

from pathlib import Path

from tests.harness import turns

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_that_has_a_turn_is_there():
    assert [file for file in (*turns.UNDER_LOAD, *turns.ALONE, turns.STAGE) if not (ROOT / file).is_file()] == []


def test_what_shares_a_system_is_one_group_and_everything_else_its_own():
    loop = {turns.group_of(f"tests/loop/{file.name}::test_it[a-b]") for file in (ROOT / "tests/loop").glob("test_*.py")}
    assert loop == {group for group in turns.GROUPS if group not in {turns.STAGE, "tests/deploy/test_containers.py"}}
    for alone in ("tests/unit/kernel/test_money.py::test_a", "tests/unit/kernel/test_money.py::test_b[tests/loop/]"):
        assert turns.group_of(alone) == alone


def test_the_file_that_fills_the_system_comes_last_of_those_that_share_it():
    files = sorted(turns.UNDER_LOAD, key=lambda file: turns.place_of(f"{file}::test_it"))
    assert files[-1] == "tests/loop/test_chaos.py"
