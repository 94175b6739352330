"""What identity does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.audit.use_cases import keep
from shared.contracts.audit import AuditRecorded
from shared.contracts.topology import CONSUMES
from shared.platform.bus.subscription import Batch, Subscription


async def on_audit(session: AsyncSession, batch: Batch) -> None:
    """Somebody did something, in any service."""
    await keep(session, batch.of(AuditRecorded))


SUBSCRIPTIONS = (Subscription(stream="AUDIT", events=CONSUMES["identity"]["AUDIT"], handle=on_audit),)
