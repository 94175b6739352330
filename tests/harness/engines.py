"""The engines as tests use them."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from shared.contracts.topology import nats_users
from shared.platform.auth.nats_tokens import Issuer, new_seed
from trueup.contract.bus_server import bus_access
from trueup.engines.nats import NatsServer
from trueup.engines.ports import LOOPBACK, choose_port
from trueup.engines.postgres import PostgresServer

NATS_PASSWORD = "test-password"
ISSUER_SEED = new_seed()
FOR_SHORT_LIVES = {
    "autovacuum": "off",  # no test's database lives for long
    # Who was cut off while it logged in holds up every DROP DATABASE until this is over; clients give up then, too.
    "authentication_timeout": "5s",
    "scram_iterations": "1",
}


def postgres_server(folder: Path) -> PostgresServer:
    """A PostgreSQL server whose databases live for seconds."""
    return PostgresServer(folder, durable=False, ends_with_parent=True, settings=FOR_SHORT_LIVES)


def nats_server(folder: Path, port: int | None = None, more: Mapping[str, Any] | None = None) -> NatsServer:
    """A NATS server that knows every declared user, all with one password.

    It flushes late: no test cuts the power.
    """
    access = bus_access({user.name: NATS_PASSWORD for user in nats_users()}, Issuer(ISSUER_SEED).name)
    late = {"jetstream": {"store_dir": str(folder.resolve() / "streams")}}
    return NatsServer(folder, port=port, ends_with_parent=True, more=access | late | dict(more or {}))


class NatsCluster:
    """Servers that keep copies of each other's streams, by nats-server's own configuration."""

    def __init__(self, folder: Path, size: int = 3) -> None:
        clients, ports = ([choose_port() for _ in range(size)] for _ in range(2))
        routes = [f"nats-route://{LOOPBACK}:{port}" for port in ports]
        self.servers = {
            f"node-{number}": nats_server(
                folder / str(number),
                client,
                {
                    "server_name": f"node-{number}",
                    "cluster": {"name": "trueup", "listen": f"{LOOPBACK}:{port}", "routes": routes},
                },
            )
            for number, (client, port) in enumerate(zip(clients, ports, strict=True), start=1)
        }

        # A server ends with the thread that started it, so these threads live as long as the cluster.
        self._starters = ThreadPoolExecutor(size)

    def start(self, *names: str) -> None:
        """Start all (or some) at once: none is healthy before a majority is there."""
        servers = [self.servers[name] for name in names or self.servers]
        list(self._starters.map(NatsServer.start, servers))

    def stop(self) -> None:
        """Stop those that run."""
        for server in self.servers.values():
            server.stop()
        self._starters.shutdown()

    @property
    def url(self) -> str:
        """The addresses of all, joined by commas."""
        return ",".join(server.url for server in self.servers.values())
