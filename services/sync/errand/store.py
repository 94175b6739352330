"""SQL of errands: replicas claim them, each for a while."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.clock import now
from shared.platform.db.driver import Statement, later, nothing, run

HOLD = timedelta(minutes=1)
"""How long a replica may be silent before another takes its errand."""


@dataclass(frozen=True, slots=True)
class Held:
    """An errand that this process carries out."""

    id: UUID
    organization_id: UUID


async def add_errands(session: AsyncSession, kind: str, ids: Iterable[tuple[UUID, UUID]], due_at: datetime) -> None:
    """Write errands of (organization, id); one that is there already is due no later than this."""
    given = sorted(set(ids))
    if given:
        columns = [organization for organization, _id in given], [identity for _organization, identity in given]
        await later(
            session,
            Statement(
                """
                INSERT INTO errands AS kept (id, kind, organization_id, due_at)
                SELECT given.id, %s, given.organization_id, %s
                FROM unnest(%s::uuid[], %s::uuid[]) AS given (organization_id, id)
                ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at WHERE kept.due_at > excluded.due_at
                """,
                (kind, due_at, *columns),
                nothing,
            ),
        )


async def claim(session: AsyncSession, kind: str, at: datetime, limit: int) -> list[Held]:
    """Take errands that are due and that nobody holds."""
    claiming = Statement(
        """
        UPDATE errands SET held_until = %s
        WHERE id IN (
            SELECT id FROM errands
            WHERE kind = %s AND due_at <= %s AND (held_until IS NULL OR held_until <= %s)
            ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
        )
        RETURNING id, organization_id
        """,
        (at + HOLD, kind, at, at, limit),
        lambda rows: [Held(*row) for row in rows],
    )
    return (await run(session, claiming))[0]


async def finish(session: AsyncSession, ids: Collection[UUID]) -> set[UUID]:
    """End errands; gives those that nobody else had ended: their effect belongs to this transaction."""
    ending = Statement(
        "DELETE FROM errands WHERE id = ANY (%s::uuid[]) RETURNING id",
        (sorted(ids),),
        lambda rows: {row[0] for row in rows},
    )
    return (await run(session, ending))[0]


async def lock_errand(session: AsyncSession, identity: UUID) -> bool:
    """Keep others from adding to an errand until the transaction ends; gives whether it is there."""
    locked = await session.execute(text("SELECT FROM errands WHERE id = :id FOR UPDATE"), {"id": identity})
    return locked.first() is not None


async def put_off(session: AsyncSession, identity: UUID, due_at: datetime, *, again: bool) -> None:
    """Let go of an errand until it is due; ``again``: it has failed."""
    await session.execute(
        text("UPDATE errands SET due_at = :due, held_until = NULL, again = :again WHERE id = :id"),
        {"id": identity, "due": due_at, "again": again},
    )


async def hold_on(session: AsyncSession, identity: UUID, at: datetime) -> None:
    """Go on holding an errand."""
    await session.execute(
        text("UPDATE errands SET held_until = :until WHERE id = :id"), {"id": identity, "until": at + HOLD}
    )


async def errands_due(session: AsyncSession) -> int:
    """How many errands a worker could carry out now, or does, for the first time.

    What has failed before waits for somebody else's server, and may do so for days.
    """
    due = await session.execute(text("SELECT count(*) FROM errands WHERE due_at <= :at AND NOT again"), {"at": now()})
    return int(due.scalar_one())
