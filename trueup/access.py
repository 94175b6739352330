"""The operator's ways in: every service's database, and the bus.

Two roles enter a database. The operator's sees every organization and owns the tables. The service's own obeys
row-level security: whatever runs a service's handlers runs as it, so that a replay can do no more than the service.
"""

import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib import import_module

import structlog
from nats.aio.client import Client

from shared.contracts.topology import SERVICES
from shared.platform.bus.connection import connect
from shared.platform.db.edges import Database
from shared.platform.service import Service
from trueup.databases import services_with_database
from trueup.local import LocalError

APPLICATION = "trueup-operator"


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise LocalError(f"set {name}, or start the system first: python -m trueup up")
    return value


def chosen_services(service: str = "") -> list[str]:
    """The named service, or all services that keep data.

    Raises:
        LocalError: There is no such service, or it keeps nothing.
    """
    known = services_with_database()
    if not service:
        return known
    if service not in known:
        raise LocalError(
            f"{service} keeps no data"
            if service in SERVICES
            else f"there is no service {service!r}; services with data are {', '.join(known)}"
        )
    return [service]


def operator_address(service: str) -> str:
    """The operator's address of a service's database."""
    return _variable(f"TRUEUP_{service.upper()}_OPERATOR_URL")


def service_address(service: str) -> str:
    """A service's own address of its database."""
    return _variable(f"TRUEUP_{service.upper()}_DATABASE_URL")


def declared(service: str) -> Service:
    """What a service is made of."""
    found: Service = import_module(f"services.{service}.app").SERVICE
    return found


@asynccontextmanager
async def operator_database(service: str) -> AsyncIterator[Database]:
    """A service's database, all organizations visible."""
    async with _opened(Database(operator_address(service), pool_size=2, application=APPLICATION)) as database:
        yield database


@asynccontextmanager
async def service_database(service: str, schemas: Mapping[str, str] | None = None) -> AsyncIterator[Database]:
    """A service's database as the service itself enters it (``schemas``: see ``Database``)."""
    database = Database(service_address(service), pool_size=2, application=APPLICATION, schemas=schemas)
    async with _opened(database):
        yield database


@asynccontextmanager
async def _opened(database: Database) -> AsyncIterator[Database]:
    await database.open()
    try:
        yield database
    finally:
        await database.close()


def bus_address() -> str:
    """The servers of the bus, joined by commas."""
    return _variable("TRUEUP_NATS_URL")


@asynccontextmanager
async def bus() -> AsyncIterator[Client]:
    """The bus, as its operator."""
    if not structlog.is_configured():
        # Standard output is for results; that a connection ended is no news to a command.
        structlog.configure(
            logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
            wrapper_class=structlog.make_filtering_bound_logger("error"),
        )
    user = os.environ.get("TRUEUP_OPERATOR_NATS_USER", "operator")
    client = await connect(bus_address(), user, _variable("TRUEUP_OPERATOR_NATS_PASSWORD"), on_closed=_closed)
    try:
        yield client
    finally:
        await client.close()


async def _closed() -> None:
    """Closing is wanted here."""
