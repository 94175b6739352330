"""The services' databases as this environment names them."""

import os
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from shared.contracts.topology import SERVICES
from shared.platform.db.provision import provision

WITHOUT_DATABASE = ("gateway",)


def services_with_database() -> list[str]:
    """Every service that keeps data."""
    return [service for service in SERVICES if service not in WITHOUT_DATABASE]


def operator_url(service: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """The operator's address of a service's database."""
    return environment.get(f"TRUEUP_{service.upper()}_OPERATOR_URL")


def create_databases(superuser_url: str, environment: Mapping[str, str]) -> None:
    """Create what is missing of the roles and databases; each role gets the password that its URL has."""
    services = services_with_database()
    passwords = {service: _password(environment[f"TRUEUP_{service.upper()}_DATABASE_URL"]) for service in services}
    provision(superuser_url, passwords, _password(environment[f"TRUEUP_{services[0].upper()}_OPERATOR_URL"]))


def _password(url: str) -> str:
    return unquote(urlsplit(url).password or "")
