"""The configuration of the bus as a container, on a real server with the passwords in its environment."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.contracts.topology import nats_users
from shared.platform.auth.nats_tokens import Issuer, new_seed
from tests.deploy.bus_rights import everybody_has_their_rights_and_no_more
from tests.deploy.compose import ROOT
from trueup.contract.bus_server import ISSUER_VARIABLE, MONITOR_PORT, PORT, STORE, password_variable
from trueup.engines.nats import _is_healthy, _program
from trueup.engines.ports import choose_port
from trueup.engines.processes import wait_until


async def test_everybody_has_their_rights_and_no_more(tmp_path: Path):
    text = (ROOT / "deploy/nats/nats.conf").read_text(encoding="utf8")
    port, monitor_port = choose_port(0), choose_port(0)
    text = text.replace(f"0.0.0.0:{PORT}", f"127.0.0.1:{port}").replace(f":{MONITOR_PORT}", f":{monitor_port}")
    file = tmp_path / "nats.conf"
    file.write_text(text.replace(f'"{STORE}"', f'"{tmp_path / "data"}"'), encoding="utf8")
    # the worst that chance can write: digits with an e, which an unquoted word would turn into a number
    passwords = {user.name: f"{number}e{secrets.randbelow(10**9)}" for number, user in enumerate(nats_users(), 1)}
    variables = {password_variable(name): f'"{password}"' for name, password in passwords.items()}
    variables[ISSUER_VARIABLE] = f'"{Issuer(new_seed()).name}"'
    with running(file, variables):
        assert wait_until(lambda: _is_healthy(monitor_port), 30), (tmp_path / "log").read_text()
        await everybody_has_their_rights_and_no_more(f"nats://127.0.0.1:{port}", passwords)


@contextmanager
def running(file: Path, variables: dict[str, str]) -> Iterator[None]:
    """The server of a configuration file, with its log beside it."""
    with (file.parent / "log").open("wb") as log:
        server = subprocess.Popen(
            [_program(), "--config", str(file)], env={**os.environ, **variables}, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            server.terminate()
            server.wait(30)
