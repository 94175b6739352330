"""The page of traps keeps its word, and what was found to be a trap is not used."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "decisions" / "every-trap-has-a-test.md"
NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)`")

FORBIDDEN = {
    "construct_event": "it builds objects (1.2 ms) before anybody knows whether the signature is right: verify_header",
    "publish_async": "its futures have no limit, and never resolve when the stream refuses a message",
    "key_value": "a watch misses updates over a restart of the server",
    "add_listener": "NOTIFY in the writer's transaction serialises commits",
    "backoff=": "as a consumer's setting it replaces ack_wait",
    "create_key_value": "as key_value",
    "persist_mode": "a stream that stores later acknowledges what a power cut takes away",
    "PullSub": "it waits for full batches and strands messages",
    "TestNatsBroker": "it knows no acknowledgement, no repetition and no redelivery",
}
LISTENING = re.compile(r"\b(NOTIFY|LISTEN)\s+[a-z_]+|pg_notify\s*\(")


def names_used(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.keyword) and node.arg:
            found.add(f"{node.arg}=")
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add(node.name)
    return found


def test_every_named_test_exists():
    named = set(NAMED.findall(PAGE.read_text(encoding="utf8")))
    assert len(named) > 25
    for file, test in sorted(named):
        assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(encoding="utf8"), re.MULTILINE), test


def test_every_trap_names_a_test():
    lines = [line for line in PAGE.read_text(encoding="utf8").splitlines() if line.startswith("| ")][1:]
    assert [line for line in lines if not NAMED.search(line)] == []


@pytest.mark.parametrize("root", ["services", "shared", "trueup"])
def test_what_was_found_to_be_a_trap_is_not_used(root: str):
    for path in sorted((ROOT / root).rglob("*.py")):
        source = path.read_text(encoding="utf8")
        for name in names_used(ast.parse(source)) & FORBIDDEN.keys():
            raise AssertionError(f"{path.relative_to(ROOT)} uses {name}: {FORBIDDEN[name]}")
        told = LISTENING.search(source)
        assert told is None, f"{path.relative_to(ROOT)}: {told and told.group()}"
