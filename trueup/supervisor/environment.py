"""The ``TRUEUP_*`` variables of a local system."""

import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from shared.contracts.topology import SERVICES, nats_users
from shared.platform.auth.nats_tokens import Issuer, new_seed
from shared.platform.db.provision import OPERATOR_ROLE, database_of, role_of
from trueup.contract.bus_server import bus_access
from trueup.databases import services_with_database
from trueup.engines.ports import LOOPBACK
from trueup.local import STATE_VARIABLE, Secrets, State
from trueup.supervisor.plan import Replica, usual_port

NOT_SHARED = ("TRUEUP_FAILPOINT", "TRUEUP_HOST", "TRUEUP_PORT", "TRUEUP_LISTEN_FD", "TRUEUP_SUPERUSER_URL")
"""What the caller may set for processes but not for the system; every other setting of the caller's holds for all."""


def bus_access_of(secrets: Secrets) -> dict[str, Any]:
    """Who may enter this system's bus, in the words of a NATS server's configuration."""
    return bus_access(_bus_passwords(secrets), Issuer(_issuer_seed(secrets)).name)


def _bus_passwords(secrets: Secrets) -> dict[str, str]:
    return {user.name: secrets.password(f"nats:{user.name}") for user in nats_users()}


def _issuer_seed(secrets: Secrets) -> str:
    return secrets.kept("subscriber_issuer", new_seed)


def environment_of(
    state: State, secrets: Secrets, postgres_port: int, nats_url: str, replicas: Iterable[Replica]
) -> dict[str, str]:
    """Everything that a service, a command or a second shell needs to know of this system."""

    def database(service: str, role: str) -> str:
        password = quote(secrets.password(f"database:{role}"), safe="")
        return f"postgresql://{role}:{password}@{LOOPBACK}:{postgres_port}/{database_of(service)}"

    callers = {
        name: value for name, value in os.environ.items() if name.startswith("TRUEUP_") and name not in NOT_SHARED
    }
    found = {
        STATE_VARIABLE: str(state.folder),
        "TRUEUP_MAIL_DIR": callers.get("TRUEUP_MAIL_DIR") or str(state.sub("mail")),
        "TRUEUP_SECRET_KEY": callers.get("TRUEUP_SECRET_KEY") or secrets.key("secret_key"),
        "TRUEUP_NATS_URL": nats_url,
        "TRUEUP_SUBSCRIBER_ISSUER_SEED": _issuer_seed(secrets),
    }
    for user, password in _bus_passwords(secrets).items():
        found[f"TRUEUP_{user.upper()}_NATS_USER"] = user
        found[f"TRUEUP_{user.upper()}_NATS_PASSWORD"] = password
    for service in services_with_database():
        found[f"TRUEUP_{service.upper()}_DATABASE_URL"] = database(service, role_of(service))
        found[f"TRUEUP_{service.upper()}_OPERATOR_URL"] = database(service, OPERATOR_ROLE)
    urls: dict[str, list[str]] = {service: [] for service in SERVICES}
    for replica in replicas:
        urls[replica.service].append(replica.url)
    for service, known in urls.items():
        # one that is not run here is expected at its usual port: somebody may run it by hand
        usual = f"http://{LOOPBACK}:{usual_port(service)}"
        found[f"TRUEUP_{service.upper()}_URL"] = ",".join(known) or usual
    return callers | found
