"""The configuration of the NATS server that runs as a container: the declared users with exactly their rights."""

import json
import re

from shared.contracts.topology import nats_users
from trueup.engines.nats import NatsUser, server_settings

PORT, MONITOR_PORT = 4222, 8222
STORE = "/data"
_REFERENCE = re.compile(r'"(\$[A-Z_]+)"')

_HEADER = """\
# Written by `python -m trueup contracts` from shared/contracts/topology.py.
# The passwords are in the server's environment, each in double quotes: a bare word of digits would be a number.
"""


def password_variable(user: str) -> str:
    """The variable with a NATS user's password."""
    return f"TRUEUP_{user.upper()}_NATS_PASSWORD"


def bus_server_configuration() -> str:
    """The text of ``deploy/nats/nats.conf``. It holds no password, only the names of the variables with them."""
    users = [NatsUser(user.name, f"${password_variable(user.name)}", user.permissions()) for user in nats_users()]
    # its monitoring pages are for the health check inside the container only
    settings = server_settings(users, listen=f"0.0.0.0:{PORT}", monitor=f"127.0.0.1:{MONITOR_PORT}", store=STORE)
    # a reference to a variable is the one thing that stands there without quotes
    return _HEADER + _REFERENCE.sub(r"\1", json.dumps(settings, indent=2)) + "\n"
