"""Engines for all tests: one PostgreSQL a run, one NATS a worker, databases cloned from migrated templates."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from multiprocessing.util import Finalize
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.harness import turns
from tests.harness.engines import NATS_PASSWORD, nats_server, postgres_server
from tests.harness.house import House
from tests.harness.surroundings import keep_compiled_code, work_in_memory
from trueup.engines.nats import NatsServer
from trueup.engines.postgres import PostgresServer

URL_VARIABLE = "TRUEUP_TEST_POSTGRES_URL"
_shared: list[tuple[PostgresServer, tempfile.TemporaryDirectory]] = []
_in_memory: list[Path] = []

settings.register_profile(
    "trueup", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("trueup")


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL in the controlling process; its workers inherit the address."""
    keep_compiled_code()
    if hasattr(config, "workerinput") or URL_VARIABLE in os.environ:
        return
    if folder := work_in_memory():
        _in_memory.append(folder)
    if _only_unit_tests(config):
        return
    state = tempfile.TemporaryDirectory(prefix="trueup-tests-", ignore_cleanup_errors=True)
    server = postgres_server(Path(state.name))
    os.environ[URL_VARIABLE] = server.start()
    _shared.append((server, state))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first."""
    items.sort(key=lambda item: turns.place_of(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> turns.Turns:
    """What shares a system runs on one worker."""
    return turns.Turns(config, log)


def pytest_unconfigure() -> None:
    """Stop what was started."""
    while _shared:
        server, folder = _shared.pop()
        server.stop()
        server.destroy()
        folder.cleanup()
        os.environ.pop(URL_VARIABLE, None)
    while _in_memory:
        # multiprocessing keeps its sockets there, and clears them away at -100
        Finalize(None, shutil.rmtree, args=(_in_memory.pop(), True), exitpriority=-200)


def _only_unit_tests(config: pytest.Config) -> bool:
    return bool(config.args) and all("tests/unit" in argument for argument in config.args)


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The superuser's address of the run's PostgreSQL."""
    return os.environ[URL_VARIABLE]


@pytest.fixture(scope="session")
def nats() -> Iterator[NatsServer]:
    """This worker's NATS server, with every declared user."""
    with tempfile.TemporaryDirectory(prefix="trueup-nats-", ignore_cleanup_errors=True) as folder:
        server = nats_server(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def house(postgres_url: str, nats: NatsServer) -> AsyncIterator[House]:
    """An empty house: start the services a test needs in it."""
    async with House(postgres_url, nats.url, NATS_PASSWORD) as empty:
        yield empty
