"""What identity does with the events of others."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.audit.use_cases import keep
from shared.contracts.audit import AuditRecorded
from shared.platform.bus.subscription import Batch, Subscription


async def on_audit(session: AsyncSession, batch: Batch) -> None:
    """Somebody did something, in any service."""
    await keep(session, batch.of(AuditRecorded))


SUBSCRIPTIONS = (Subscription(stream="AUDIT", events=(AuditRecorded,), handle=on_audit),)
