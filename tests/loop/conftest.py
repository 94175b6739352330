"""One running system for all tests of the loop."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.contracts.topology import CONSUMES
from tests.harness.collector import Collector
from tests.harness.days import a_day_with
from tests.loop.people import Outside, outside
from tests.loop.system import System

ENOUGH_S = 120.0
"""What a test of the loop needs of a day."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They are of the loop, and take their time."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.loop)
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(autouse=True)
async def one_day() -> None:
    """Figures of two moments are compared, and a new day has new ones."""
    await a_day_with(ENOUGH_S)


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the system sends its spans."""
    with Collector() as listening:
        yield listening


@pytest.fixture(scope="package")
def system(collector: Collector) -> Iterator[System]:
    """A system with two replicas of what consumes. It records a trace only when a caller has begun one.

    It ends with the last test of its worker that is one of the loop: idle, it would still take time from the others.
    """
    tracing = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_TRACES_SAMPLER": "parentbased_traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": "0",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "TRUEUP_ANSWER_SECONDS": "60",  # a machine under many tests is slow, and not out of order
        "TRUEUP_WEBHOOK_NETWORKS": "127.0.0.0/8",  # receivers of the tests' own
    }
    with tempfile.TemporaryDirectory(prefix="trueup loop ", ignore_cleanup_errors=True) as folder:
        running = System(Path(folder), tracing)
        running.start(*(part for service in CONSUMES for part in ("--scale", f"{service}=2")))
        yield running
        running.stop()


@pytest.fixture
async def door(system: System) -> AsyncIterator[Outside]:
    """The way in."""
    async with outside(system) as way:
        yield way
