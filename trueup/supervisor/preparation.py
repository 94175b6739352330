"""What happens between starting the engines and starting the services: databases, schemas, streams."""

import asyncio
import os
from collections.abc import Sequence

from trueup.databases import create_databases, operator_url
from trueup.local import LocalError


def migrate_all(superuser_url: str, *services: str) -> None:
    """Create all roles and databases, then bring the schemas of these services to this version."""
    create_databases(superuser_url, os.environ)
    if services:
        migrate(services)


def migrate(services: Sequence[str]) -> None:
    """Bring the schemas of some services to this version; their operator URLs are in the environment."""
    from shared.platform.db.migrate import migrate as migrate_service  # noqa: PLC0415 - slow, for migrations only

    for service in services:
        url = operator_url(service)
        if url is None:
            raise LocalError(f"set TRUEUP_{service.upper()}_OPERATOR_URL, or start the system: python -m trueup up")
        migrate_service(service, url)


def apply_topology(replicas: str = "1") -> None:
    """Create or update the declared streams and durables."""
    from shared.platform.bus.topology import apply  # noqa: PLC0415 - slow, for migrations only

    user, password = os.environ["TRUEUP_OPERATOR_NATS_USER"], os.environ["TRUEUP_OPERATOR_NATS_PASSWORD"]
    asyncio.run(apply(os.environ["TRUEUP_NATS_URL"], user, password, replicas=int(replicas)))
