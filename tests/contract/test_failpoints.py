"""Who arms a failpoint chooses from the list: what the code passes is in it, and nothing else."""

import ast
from pathlib import Path

from shared.platform.failpoints import POINTS

ROOT = Path(__file__).resolve().parents[2]


def test_every_point_that_the_code_passes_is_declared_and_the_other_way_round():
    passed = set()
    for path in [path for root in ("services", "shared", "trueup") for path in (ROOT / root).rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
                (point,) = node.args
                assert isinstance(point, ast.Constant), f"{path}:{node.lineno} names its point where nobody finds it"
                passed.add(point.value)
    assert passed == set(POINTS)
    assert len(POINTS) == len(set(POINTS))


def test_an_operator_reads_of_every_point():
    told = (ROOT / "docs" / "operations.md").read_text(encoding="utf8")
    assert [point for point in POINTS if f"`{point}`" not in told] == []
