"""What an operator's command does, told to the audit log as everybody's deeds are: through a service's outbox.

What happens in one transaction is told in it. What takes long (a rebuild, a replay) is told before it begins: that it
was ended half-way does not hide it.
"""

import socket
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.audit import Action, ActorKind
from shared.platform import audit
from shared.platform.audit import Deed
from trueup.access import operator_database


def deed(service: str, command: str) -> Deed:
    """A deed of whoever runs ``trueup <command>``; its address is the machine's name."""
    return Deed(service, f"trueup {command}", ActorKind.OPERATOR, address=socket.gethostname())


async def tell(
    session: AsyncSession,
    service: str,
    command: str,
    kind: str,
    *,
    thing: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any],
    organization_id: UUID | None = None,
) -> None:
    """Tell it in the transaction that does it; without an organization it is kept apart (``NO_ORGANIZATION``)."""
    audit.note(session, kind, Action.CHANGED, thing=thing, before=before, **after)
    await audit.tell(session, deed(service, command), organization_id)


async def tell_of(service: str, command: str, kind: str, *, organization_id: UUID | None = None, **after: Any) -> None:
    """Tell what is about to be done."""
    async with operator_database(service) as database, database.transaction() as session:
        await tell(session, service, command, kind, after=after, organization_id=organization_id)


def organization_of(subject: str) -> UUID | None:
    """Whose event has a subject, if it says so."""
    try:
        return UUID(subject.rpartition(".")[2])
    except ValueError:
        return None
