"""Messages that could not be applied: counted, kept whole, and settled by an operator."""

from datetime import datetime

from nats.aio.msg import Msg
from sqlalchemy import case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.platform.db.platform_tables import DeadLetterRow, RetryRow


def describe(error: BaseException) -> str:
    """What went wrong, without parameters or values (they may be personal)."""
    original = getattr(error, "orig", None)
    return str(original or error).split("\n", maxsplit=1)[0][:2000]


async def count_failure(session: AsyncSession, stream: str, message: Msg, error: Exception) -> int:
    """Note that a message failed alone; returns how often it has."""
    statement = insert(RetryRow).values(
        stream=stream,
        stream_sequence=message.metadata.sequence.stream,
        published_at=message.metadata.timestamp,
        attempts=1,
        last_error=describe(error),
        first_failed_at=now(),
    )
    given = statement.excluded
    same = RetryRow.published_at.is_(None) | (RetryRow.published_at == given.published_at)
    statement = statement.on_conflict_do_update(
        index_elements=["stream", "stream_sequence"],
        set_={
            "attempts": case((same, RetryRow.attempts + 1), else_=1),
            "last_error": given.last_error,
            "first_failed_at": case((same, RetryRow.first_failed_at), else_=given.first_failed_at),
            "published_at": given.published_at,
        },
    )
    return (await session.execute(statement.returning(RetryRow.attempts))).scalar_one()


async def bury(
    session: AsyncSession, stream: str, message: Msg, *, error: Exception, attempts: int, died_at: datetime
) -> None:
    """Keep a message as a dead letter (once, however often this is called)."""
    headers = dict(message.headers or {})
    sequence = message.metadata.sequence.stream
    await session.execute(
        insert(DeadLetterRow)
        .values(
            id=new_id(),
            stream=stream,
            stream_sequence=sequence,
            published_at=message.metadata.timestamp,
            subject=message.subject,
            event_type=headers.get("ce-type"),
            event_id=headers.get("ce-id"),
            headers=headers,
            payload=message.data,
            error_type=type(error).__name__,
            error=describe(error),
            attempts=attempts,
            died_at=died_at,
            state="open",
        )
        .on_conflict_do_nothing(index_elements=["stream", "stream_sequence", "published_at"])
    )
    await session.execute(delete(RetryRow).where(RetryRow.stream == stream, RetryRow.stream_sequence == sequence))
