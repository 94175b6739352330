"""Pruning: what was told long ago, and how it was delivered, need not be kept for ever.

Nothing financial goes: alerts with their history, comparisons, projections, reviews and runs of jobs stay, and so do
the notices themselves (each is told once, by its cause).
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, inspect, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.base import SyncTable
from services.sync.delivery.models import WAITING, WebhookAttempt, WebhookDelivery
from services.sync.letter.models import Letter
from services.sync.notification.models import Notification
from services.sync.preference.rules import EmailTiming
from shared.platform.db.bulk import in_values
from shared.platform.jobs.job import Slot, Step
from shared.platform.settings import number

AT_A_TIME = 1000
TABLES = 3
KEPT_DAYS = 180
LONGEST_KEPT_DAYS = 36_500
_DIGESTS = (EmailTiming.DAILY.value, EmailTiming.WEEKLY.value)


def kept_days() -> int:
    """For how many days what was told is kept (``TRUEUP_KEEP_NOTIFICATIONS_DAYS``); 0: for ever."""
    return number("KEEP_NOTIFICATIONS_DAYS", KEPT_DAYS, least=0, most=LONGEST_KEPT_DAYS)


async def prune(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """Delete some of what was settled or read so long ago, table by table.

    The cursor is the table's place and the last key: a dry run, of which nothing is gone, comes to its end as well.
    """
    days = kept_days()
    if days == 0:
        return Step()
    place, after = cursor or (0, None)
    name, table, old = _prunable(slot.started_at - timedelta(days=days))[place]
    keys = [column for column in inspect(table).primary_key if column.name != "organization_id"]
    statement = select(*keys).where(inspect(table).c.organization_id == slot.organization.id, old)
    if after is not None:
        statement = statement.where(tuple_(*keys) > tuple_(*map(UUID, after)))
    rows = [tuple(row) for row in await session.execute(statement.order_by(*keys).limit(AT_A_TIME))]
    if rows and table is WebhookDelivery:
        await session.execute(delete(WebhookAttempt).where(in_values([WebhookAttempt.delivery_id], rows)))
    if rows:
        await session.execute(delete(table).where(in_values(keys, rows)))
    counts = Counter({name: len(rows)})
    if len(rows) == AT_A_TIME:
        return Step(counts, [place, [str(part) for part in rows[-1]]])
    return Step(counts, [place + 1, None] if place + 1 < TABLES else None)


def _prunable(before: datetime) -> Sequence[tuple[str, type[SyncTable], ColumnElement[bool]]]:
    """What may go: settled deliveries and letters; read (or never shown) notifications, but for digests."""
    waits = and_(Notification.letter_id.is_(None), Notification.email.in_(_DIGESTS))
    seen = or_(Notification.read_at < before, and_(~Notification.in_app, Notification.created_at < before))
    return (
        ("deliveries", WebhookDelivery, and_(WebhookDelivery.state != WAITING, WebhookDelivery.settled_at < before)),
        ("letters", Letter, and_(Letter.settled_at.is_not(None), Letter.settled_at < before)),
        ("notifications", Notification, and_(seen, ~waits)),
    )
