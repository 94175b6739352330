"""The engines as tests use them."""

from pathlib import Path

from shared.contracts.topology import nats_users
from trueup.engines.nats import NatsServer, NatsUser

NATS_PASSWORD = "test-password"


def nats_server(folder: Path) -> NatsServer:
    """A NATS server that knows every declared user, all with one password."""
    users = [NatsUser(user.name, NATS_PASSWORD, user.permissions()) for user in nats_users()]
    return NatsServer(folder, users, ends_with_parent=True)
