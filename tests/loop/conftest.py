"""One running system for all tests of the loop."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.loop.people import Outside, outside
from tests.loop.system import System


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They share a system, so they share a worker."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("loop"))
            item.add_marker(pytest.mark.loop)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def system() -> Iterator[System]:
    """A system with two replicas of what consumes."""
    with tempfile.TemporaryDirectory(prefix="trueup loop ", ignore_cleanup_errors=True) as folder:
        running = System(Path(folder))
        running.start("--scale", "ingestion=2", "--scale", "finance=2", "--scale", "sync=2")
        yield running
        running.stop()


@pytest.fixture
async def door(system: System) -> AsyncIterator[Outside]:
    """The way in."""
    async with outside(system) as way:
        yield way
