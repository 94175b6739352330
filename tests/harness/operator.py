"""The operator's command on a test's house: the real command line, in a thread of its own."""

import asyncio
import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
import structlog

from tests.harness.house import House
from trueup import cli
from trueup.databases import services_with_database

# The services of a house log in this process: keep it out of what a command prints.
structlog.configure(logger_factory=structlog.PrintLoggerFactory(file=sys.__stderr__))


@dataclass
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


class Operator:
    """Runs ``trueup`` commands against a house; it knows the databases that the house has."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self._house = house
        self._monkeypatch = monkeypatch

    def join(self) -> None:
        """Put the house's addresses into the environment."""
        self._monkeypatch.setenv("TRUEUP_NATS_URL", self._house.nats_url)
        self._monkeypatch.setenv("TRUEUP_OPERATOR_NATS_PASSWORD", self._house.nats_password)
        for service in services_with_database():
            if service in self._house.database_names:
                name = service.upper()
                self._monkeypatch.setenv(f"TRUEUP_{name}_DATABASE_URL", self._house.database_url(service))
                self._monkeypatch.setenv(f"TRUEUP_{name}_OPERATOR_URL", self._house.database_url(service, "operator"))

    async def __call__(self, *arguments: str, stdin: bytes = b"") -> Ran:
        self.join()
        out, err = io.StringIO(), io.StringIO()

        def run() -> int:
            self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            with redirect_stdout(out), redirect_stderr(err):
                return cli.main(arguments)

        code = await asyncio.to_thread(run)
        return Ran(code, out.getvalue(), err.getvalue())
