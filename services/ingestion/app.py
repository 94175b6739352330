"""The composition root of ingestion."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.ingestion.base import IngestionTable
from services.ingestion.connection import endpoints as connection
from services.ingestion.ledger import endpoints as ledger
from services.ingestion.ledger.models import RederiveBacklog
from services.ingestion.linking import endpoints as linking
from services.ingestion.raw_event import endpoints as raw_event
from services.ingestion.raw_event import normaliser, openapi, webhook
from services.ingestion.raw_event.store import waiting
from services.ingestion.status import endpoints as status
from services.ingestion.subscriptions import SUBSCRIPTIONS, on_organizations
from shared.platform.service import Service


async def backlog(session: AsyncSession) -> int:
    """Raw events and put-off rows that wait for the worker."""
    put_off = await session.scalar(select(func.count()).select_from(RederiveBacklog)) or 0
    return await waiting(session) + put_off


SERVICE = Service(
    name="ingestion",
    title="Trueup ingestion: what came from outside, once",
    metadata=IngestionTable.metadata,
    routers=(connection.router, raw_event.router, ledger.router, linking.router, status.router),
    subscriptions=SUBSCRIPTIONS,
    workers={normaliser.ROLE: normaliser.run_normaliser},
    on_organizations=on_organizations,
    asgi_mounts={webhook.PATH: webhook.webhook_app},
    openapi_paths=openapi.PATHS,
    backlog=backlog,
)
