"""SQL of notifications."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.notice.models import Notice
from services.sync.notification.models import Notification
from shared.contracts.sync import NotificationType, Severity

_SAME = and_(Notice.organization_id == Notification.organization_id, Notice.id == Notification.notice_id)


def _mine(organization_id: UUID, user_id: UUID) -> ColumnElement[bool]:
    return and_(Notification.organization_id == organization_id, Notification.user_id == user_id, Notification.in_app)


def listed(
    organization_id: UUID,
    user_id: UUID,
    *,
    unread: bool | None,
    venture_id: UUID | None,
    severity: Severity | None,
    kind: NotificationType | None,
) -> Select[Any]:
    """A member's notifications, filtered."""
    statement: Any = select(Notification, Notice).join(Notice, _SAME).where(_mine(organization_id, user_id))
    if unread is not None:
        read = Notification.read_at
        statement = statement.where(read.is_(None) if unread else read.is_not(None))
    if venture_id is not None:
        statement = statement.where(Notification.venture_id == venture_id)
    if severity is not None:
        statement = statement.where(Notice.severity == severity)
    found: Select[Any] = statement if kind is None else statement.where(Notice.type == kind)
    return found


async def find(
    session: AsyncSession, organization_id: UUID, user_id: UUID, notice_id: UUID
) -> tuple[Notification, Notice] | None:
    """One of a member's notifications."""
    statement = select(Notification, Notice).join(Notice, _SAME)
    statement = statement.where(_mine(organization_id, user_id), Notification.notice_id == notice_id)
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


async def unread_by_severity(session: AsyncSession, organization_id: UUID, user_id: UUID) -> dict[Severity, int]:
    """How many of a member's notifications are unread."""
    statement = (
        select(Notice.severity, func.count())
        .join(Notification, _SAME)
        .where(_mine(organization_id, user_id), Notification.read_at.is_(None))
        .group_by(Notice.severity)
    )
    rows = (await session.execute(statement)).all()
    return dict.fromkeys(Severity, 0) | {Severity(severity): count for severity, count in rows}


async def mark_read(
    session: AsyncSession, organization_id: UUID, user_id: UUID, at: datetime, *, up_to: Notification | None
) -> int:
    """Mark a member's notifications as read: all, or one and those before it. Gives how many were unread."""
    statement = update(Notification).where(_mine(organization_id, user_id), Notification.read_at.is_(None))
    if up_to is not None:
        older = Notification.created_at < up_to.created_at
        same = and_(Notification.created_at == up_to.created_at, Notification.notice_id <= up_to.notice_id)
        statement = statement.where(or_(older, same))
    marked = statement.values(read_at=at).returning(Notification.notice_id)
    done = await session.execute(marked, execution_options={"synchronize_session": False})
    return len(done.all())
