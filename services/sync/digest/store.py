"""SQL of digests."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import Select, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.models import Alert
from services.sync.notice.models import Notice
from services.sync.notification.models import Notification
from services.sync.preference.rules import EmailTiming
from shared.contracts.sync import AlertStatus

DIGESTS = (EmailTiming.DAILY.value, EmailTiming.WEEKLY.value)


def _untold(organization_id: UUID, timings: Collection[str]) -> Select[Notification]:
    return select(Notification).where(
        Notification.organization_id == organization_id,
        Notification.letter_id.is_(None),
        # the words of the index, then those of this slot
        Notification.email.in_(DIGESTS),
        Notification.email.in_(timings),
    )


async def readers_after(
    session: AsyncSession, organization_id: UUID, timings: Collection[str], after: UUID, limit: int
) -> list[UUID]:
    """The next members for whom something waits, by id."""
    waiting = _untold(organization_id, timings).where(Notification.user_id > after)
    statement = waiting.with_only_columns(Notification.user_id).distinct().order_by(Notification.user_id)
    return list(await session.scalars(statement.limit(limit)))


async def untold(
    session: AsyncSession, organization_id: UUID, timings: Collection[str], users: Sequence[UUID]
) -> list[tuple[UUID, Notice, bool]]:
    """What some members were not written yet: (member, notice, whether its alert is over), oldest first."""
    statement = (
        _untold(organization_id, timings)
        .where(Notification.user_id.in_(users))
        .join(
            Notice,
            (Notice.organization_id == Notification.organization_id) & (Notice.id == Notification.notice_id),
        )
        .outerjoin(Alert, (Alert.organization_id == Notice.organization_id) & (Alert.id == Notice.alert_id))
        .with_only_columns(Notification.user_id, Notice, Alert.status)
        .order_by(Notice.created_at, Notice.id)
    )
    rows = await session.execute(statement)
    return [(user, notice, status not in (None, AlertStatus.OPEN.value)) for user, notice, status in rows]


async def note_told(
    session: AsyncSession, organization_id: UUID, told: Collection[tuple[UUID, UUID]], letter_id: UUID | None
) -> None:
    """Note by which letter (member, notice) was told; by none: it is to be told by none."""
    values = {"letter_id": letter_id} if letter_id else {"email": EmailTiming.NO.value}
    await session.execute(
        update(Notification)
        .where(
            Notification.organization_id == organization_id,
            tuple_(Notification.user_id, Notification.notice_id).in_(list(told)),
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
