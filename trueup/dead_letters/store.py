"""The dead letters of every service."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Text, cast, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.event import REGISTRY
from shared.kernel.clock import now
from shared.platform.bus.dead_letters import describe
from shared.platform.db.platform_tables import DeadLetterRow, OutboxDeadRow, OutboxRow
from trueup import deeds
from trueup.access import chosen_services, operator_database
from trueup.local import LocalError

OPEN, REPLAYED, DISCARDED = "open", "replayed", "discarded"
_ID_PREFIX = re.compile(r"^[0-9a-f-]{6,36}$")


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter and whose it is."""

    service: str
    row: DeadLetterRow

    def summary(self) -> dict[str, Any]:
        """What a list shows."""
        row = self.row
        return {
            "id": str(row.id),
            "service": self.service,
            "stream": row.stream,
            "sequence": row.stream_sequence,
            "subject": row.subject,
            "type": row.event_type,
            "event_id": row.event_id,
            "state": row.state,
            "error_type": row.error_type,
            "error": row.error,
            "attempts": row.attempts,
            "died_at": row.died_at.isoformat(),
            "settled_at": row.settled_at.isoformat() if row.settled_at else None,
        }


async def letters(service: str = "", state: str = OPEN) -> list[Letter]:
    """Dead letters of one service or of all, oldest first (``state``: one of them, or ``all``)."""
    found = []
    for name in chosen_services(service):
        async with operator_database(name) as database, database.transaction() as session:
            statement = select(DeadLetterRow).order_by(DeadLetterRow.died_at, DeadLetterRow.id)
            if state != "all":
                statement = statement.where(DeadLetterRow.state == state)
            found += [Letter(name, row) for row in await session.scalars(statement)]
    return found


async def chosen_letters(ids: Sequence[str], service: str = "") -> list[Letter]:
    """Dead letters by id, or by the beginning or end of an id when only one fits.

    Raises:
        LocalError: An id fits none, or several.
    """
    every = await letters(service, "all")
    return [_one(every, text.lower()) for text in ids]


def _one(every: list[Letter], text: str) -> Letter:
    fitting = [letter for letter in every if str(letter.row.id).startswith(text) or str(letter.row.id).endswith(text)]
    if len(fitting) != 1 or not _ID_PREFIX.match(text):
        raise LocalError(
            f"{text!r} names {'no' if not fitting else 'more than one'} dead letter; see: dead-letters list"
        )
    return fitting[0]


async def settle(session: AsyncSession, letter: Letter, state: str) -> None:
    """Note that a dead letter was replayed or discarded, and when; the audit log is told."""
    await session.execute(
        update(DeadLetterRow).where(DeadLetterRow.id == letter.row.id).values(state=state, settled_at=now())
    )
    command = "dead-letters replay" if state == REPLAYED else "dead-letters discard"
    await _tell(session, letter, command, {"state": letter.row.state}, {"state": state})


async def note_failure(session: AsyncSession, letter: Letter, error: BaseException) -> None:
    """Note why a dead letter still fails; the audit log is told."""
    seen = {"error_type": type(error).__name__, "error": describe(error), "attempts": letter.row.attempts + 1}
    await session.execute(update(DeadLetterRow).where(DeadLetterRow.id == letter.row.id).values(seen))
    before = {name: getattr(letter.row, name) for name in seen}
    await _tell(session, letter, "dead-letters replay", before, seen)


async def _tell(
    session: AsyncSession, letter: Letter, command: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    row = letter.row
    await deeds.tell(
        session,
        letter.service,
        command,
        "dead_letters",
        thing=str(row.id),
        before=before,
        after={"subject": row.subject, "event_id": row.event_id, **after},
        organization_id=deeds.organization_of(row.subject),
    )


async def unpublished(service: str = "") -> list[dict[str, Any]]:
    """Events that the bus refused for good, of one service or of all."""
    found = []
    for name in chosen_services(service):
        async with operator_database(name) as database, database.transaction() as session:
            rows = await session.scalars(select(OutboxDeadRow).order_by(OutboxDeadRow.died_at))
            found += [
                {
                    "event_id": str(row.event_id),
                    "service": name,
                    "type": row.event_type,
                    "bytes": len(row.payload),
                    "error": row.error,
                    "died_at": row.died_at.isoformat(),
                }
                for row in rows
            ]
    return found


async def requeue(event_id: str, service: str = "") -> str:
    """Put an unpublished event back at the end of its outbox; returns the service.

    Raises:
        LocalError: No service has such an unpublished event.
    """
    for name in chosen_services(service):
        async with operator_database(name) as database, database.transaction() as session:
            row = await session.scalar(select(OutboxDeadRow).where(cast(OutboxDeadRow.event_id, Text) == event_id))
            if row is None:
                continue
            declared = REGISTRY.get(row.event_type)
            session.add(
                OutboxRow(
                    event_id=row.event_id,
                    organization_id=row.organization_id,
                    event_type=row.event_type,
                    sequence=declared.model_validate_json(row.payload).sequence if declared else None,
                    payload=row.payload,
                    traceparent=None,
                    recorded_at=now(),
                )
            )
            await session.delete(row)
            await deeds.tell(
                session,
                name,
                "dead-letters requeue",
                "outbox_dead",
                thing=event_id,
                before={"error": row.error},
                after={"event_type": row.event_type},
                organization_id=row.organization_id,
            )
            return name
    raise LocalError(f"there is no unpublished event {event_id}; see: dead-letters unpublished")
