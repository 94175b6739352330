"""What happens between starting the engines and starting the services: databases, schemas, streams."""

import asyncio
import os
from collections.abc import Sequence

import psycopg
from psycopg import sql

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
        before = _schema(url)
        migrate_service(service, url)
        after = _schema(url)
        if before and before != after:
            asyncio.run(_tell(service, before, after))


def _schema(url: str) -> dict[str, str]:
    """The newest migration of each history that a database has had; nothing where it is new."""
    with psycopg.connect(url) as connection:
        found = {}
        for history in ("platform_version", "service_version"):
            (there,) = connection.execute("SELECT to_regclass(%s)", [f"platform.{history}"]).fetchone() or (None,)
            if there is not None:
                query = sql.SQL("SELECT version_num FROM platform.{}").format(sql.Identifier(history))
                found[history] = ", ".join(row[0] for row in connection.execute(query))
        return found


async def _tell(service: str, before: dict[str, str], after: dict[str, str]) -> None:
    """Let the audit log know that an operator changed a schema."""
    from trueup import deeds  # noqa: PLC0415 - slow, and a start rarely migrates
    from trueup.access import operator_database  # noqa: PLC0415 - the same

    async with operator_database(service) as database, database.transaction() as session:
        await deeds.tell(session, service, "migrate", "schema", before=before, after=after)


def apply_topology(replicas: str = "1") -> None:
    """Create or update the declared streams and durables."""
    from shared.platform.bus.topology import apply  # noqa: PLC0415 - slow, for migrations only

    user, password = os.environ["TRUEUP_OPERATOR_NATS_USER"], os.environ["TRUEUP_OPERATOR_NATS_PASSWORD"]
    asyncio.run(apply(os.environ["TRUEUP_NATS_URL"], user, password, replicas=int(replicas)))
