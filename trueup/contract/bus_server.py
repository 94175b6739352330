"""Who may enter the bus: the declared accounts and users with exactly their rights, and API keys by identity's word."""

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.contracts.topology import SUBSCRIBERS_ACCOUNT, SYSTEM_ACCOUNT, nats_accounts, nats_users
from trueup.engines.nats import server_settings

PORT, MONITOR_PORT = 4222, 8222
STORE = "/data"
ISSUER_VARIABLE = "TRUEUP_SUBSCRIBER_ISSUER"
ADMISSION_SECONDS = 5
_REFERENCE = re.compile(r'"(\$TRUEUP_[A-Z_]+)"')

_HEADER = """\
# Written by `python -m trueup contracts` from shared/contracts/topology.py.
# The passwords are in the server's environment, each in double quotes: a bare word of digits would be a number.
"""


def password_variable(user: str) -> str:
    """The variable with a NATS user's password."""
    return f"TRUEUP_{user.upper()}_NATS_PASSWORD"


def bus_access(passwords: Mapping[str, str], issuer: str) -> dict[str, Any]:
    """Who may enter, in the words of a NATS server's configuration.

    Args:
        passwords: Of every declared user, by its name.
        issuer: The public nkey of an account (``A...``): the server believes who holds its seed (identity) about
            everybody whom it does not know itself.
    """
    accounts: dict[str, dict[str, Any]] = {name: {**links, "users": []} for name, links in nats_accounts().items()}
    for user in nats_users():
        entry = {"user": user.name, "password": passwords[user.name], "permissions": user.permissions()}
        accounts[user.account]["users"].append(entry)
    return {
        "accounts": accounts,
        "system_account": SYSTEM_ACCOUNT,
        "authorization": {
            "timeout": ADMISSION_SECONDS,
            "auth_callout": {
                "issuer": issuer,
                "account": SUBSCRIBERS_ACCOUNT,
                "auth_users": [user.name for user in nats_users()],
            },
        },
    }


def bus_server_configuration() -> str:
    """The text of ``deploy/nats/nats.conf``. It holds no password, only the names of the variables with them."""
    # its monitoring pages are for the health check inside the container only
    settings = server_settings((), listen=f"0.0.0.0:{PORT}", monitor=f"127.0.0.1:{MONITOR_PORT}", store=STORE)
    access = bus_access({user.name: f"${password_variable(user.name)}" for user in nats_users()}, f"${ISSUER_VARIABLE}")
    settings |= access
    # a reference to a variable is the one thing that stands there without quotes
    return _HEADER + _REFERENCE.sub(r"\1", json.dumps(settings, indent=2)) + "\n"
