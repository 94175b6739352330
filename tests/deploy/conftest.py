"""Containers, where a Docker engine answers; a clear word where none does."""

import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from testcontainers.core.config import testcontainers_config
from testcontainers.core.docker_client import DockerClient

from shared.contracts.topology import SERVICES
from tests.deploy.compose import ROOT, Compose, why_not

# its helper container ends what a killed test run left, and would be one more image to pull
testcontainers_config.ryuk_disabled = True

READY_S = 240.0
REPLICAS = {"sync": 3, "ingestion": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs containers is skipped with its reason where there are none."""
    here = Path(__file__).parent
    reason = why_not()
    for item in items:
        if here in item.path.parents and {"docker", "running"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(900))
            if reason is not None:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def docker() -> Iterator[Any]:
    """The engine's API (docker-py's client)."""
    client = DockerClient().client
    yield client
    client.close()


@pytest.fixture(scope="session")
def image() -> str:
    """The image to try: the one that ``TRUEUP_IMAGE`` names, else one built from this tree."""
    given = os.environ.get("TRUEUP_IMAGE")
    if given:
        return given
    # the build reaches the package index as this machine does, unless somebody says how
    environment = {"DOCKER_BUILD_ARGS": "--network=host", **os.environ}
    built = subprocess.run(["make", "image"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return "trueup:local"


@pytest.fixture(scope="session")
def running(docker: Any, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compose]:
    """The whole compose file, with replicas; gone afterwards, to the last volume."""
    env_file = tmp_path_factory.mktemp("compose") / "env"
    subprocess.run(["sh", str(ROOT / "scripts/env.sh"), str(env_file)], check=True, capture_output=True)
    compose = Compose(f"trueup-test-{secrets.token_hex(4)}", env_file, _free_port(), image)
    scale = [part for name, count in REPLICAS.items() for part in ("--scale", f"{name}={count}")]
    try:
        done = compose("up", "--detach", *scale, check=False)
        assert done.returncode == 0, done.stderr + compose("logs", "--tail=20").stdout
        wait_until_healthy(docker, compose)
        yield compose
    finally:
        compose("down", "--volumes", "--remove-orphans")
    label = {"label": f"com.docker.compose.project={compose.project}"}
    assert docker.containers.list(all=True, filters=label) == []
    assert docker.volumes.list(filters=label) == []
    assert docker.networks.list(filters=label) == []


def containers_of(docker: Any, compose: Compose, service: str) -> list[Any]:
    """The containers of one service."""
    labels = [f"com.docker.compose.project={compose.project}", f"com.docker.compose.service={service}"]
    found: list[Any] = docker.containers.list(all=True, filters={"label": labels})
    return found


def wait_until_healthy(docker: Any, compose: Compose) -> None:
    """Every container that stays says that it is healthy."""

    def states() -> dict[str, str]:
        return {
            container.name: container.attrs["State"].get("Health", {}).get("Status", "none")
            for service in ("postgres", "nats", *SERVICES)
            for container in containers_of(docker, compose, service)
        }

    wait_for(
        lambda: set(states().values()) == {"healthy"}, lambda: f"{states()}\n{compose('logs', '--tail=20').stdout}"
    )


def wait_for(condition: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + READY_S
    while not condition():
        assert time.monotonic() < deadline, complaint()
        time.sleep(0.5)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
