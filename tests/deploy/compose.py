"""The compose file as an operator runs it: with whichever Compose is installed."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
LIMIT_S = 300


@cache
def why_not() -> str | None:
    """Why no container can be run here; None if it can."""
    if shutil.which("docker") is None:
        return "no Docker engine here (there is no program `docker`): the containers were NOT tried"
    if not _answers("docker", "info"):
        return "no Docker engine answers (`docker info` failed): the containers were NOT tried"
    if compose_command() is None:
        return "neither `docker compose` nor `docker-compose` is installed: the containers were NOT tried"
    return None


@cache
def compose_command() -> tuple[str, ...] | None:
    """Compose v2, else docker-compose 1.x, else nothing."""
    for command in (("docker", "compose"), ("docker-compose",)):
        if shutil.which(command[0]) is not None and _answers(*command, "version"):
            return command
    return None


def _answers(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


class Compose:
    """One project: containers, network and volumes of one name."""

    def __init__(self, project: str, env_file: Path, port: int, image: str) -> None:
        self.project = project
        self.url = f"http://127.0.0.1:{port}"
        self._env_file = env_file
        self._port = port
        self._variables = {"TRUEUP_PORT": str(port), "TRUEUP_IMAGE": image}

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a Compose command on the project."""
        command = compose_command()
        assert command is not None
        options = ["--env-file", str(self._env_file), "-f", str(COMPOSE_FILE), "-p", self.project]
        done = subprocess.run(
            [*command, *options, *arguments],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("TRUEUP_")} | self._variables,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        if check:
            assert done.returncode == 0, f"{' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def with_image(self, image: str) -> "Compose":
        """The same project with another image."""
        return Compose(self.project, self._env_file, self._port, image)

    def trueup(self, *arguments: str) -> str:
        """What a command of the operator prints, in a container of its own."""
        return self("run", "--rm", "-T", "trueup", *arguments).stdout

    def letters(self, to: str) -> list[dict[str, Any]]:
        """The letters that lie in identity's volume."""
        text = self("exec", "-T", "identity", "python", "-m", "trueup", "mail", "--json", "--to", to).stdout
        found: list[dict[str, Any]] = json.loads(text)
        return found
