"""Who runs what and when, where several workers share a run: what takes longest begins first.

What shares a system or a stage runs on one worker, and so starts it once; every other test goes to whoever has time.
(``--dist loadgroup`` would do so by marks, but xdist 3.8 puts them into node ids where pytest 9.2 does not look.)
"""

from collections.abc import Sequence

import pytest
from xdist.scheduler import LoadScopeScheduling

LOOP = "tests/loop/"
_UNDER_LOAD = ("test_proof", "test_order_and_repetition", "test_notifications", "test_chaos")
_OWN_SYSTEMS = ("test_supervisor", "test_demo", "test_cluster")
UNDER_LOAD: Sequence[str] = [f"{LOOP}{name}.py" for name in _UNDER_LOAD]
"""Files that load a system and wait for it, while another is walked through. Every proof is of everything that is
there: the file that fills the system comes last."""
ALONE = ["tests/deploy/test_containers.py", *[f"{LOOP}{name}.py" for name in _OWN_SYSTEMS]]
"""Files with systems of their own."""
WALKED = "the loop"
STAGE = "tests/service/front_door/test_every_call.py"
GROUPS: Sequence[str] = ["under load", WALKED, STAGE, *ALONE]
"""In the order in which they begin."""


def group_of(node_id: str) -> str:
    """What runs on one worker, by a test's node id; most tests are a group for themselves."""
    file = node_id.partition("::")[0]
    if file in UNDER_LOAD:
        return GROUPS[0]
    if file in GROUPS:
        return file
    return WALKED if file.startswith(LOOP) else node_id


def place_of(node_id: str) -> tuple[int, int]:
    """By what tests are sorted: their group's turn, and their file's within it."""
    file, group = node_id.partition("::")[0], group_of(node_id)
    turn = GROUPS.index(group) if group in GROUPS else len(GROUPS)
    return turn, UNDER_LOAD.index(file) if file in UNDER_LOAD else 0


class Turns(LoadScopeScheduling):
    """Hands out groups as they were sorted."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        config.option.loadscopereorder = False  # by what they take, not by their number
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
