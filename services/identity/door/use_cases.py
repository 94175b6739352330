"""What happens at the front door, before and after anybody looks who it is."""

from datetime import datetime
from typing import ClassVar, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door import rules, store
from services.identity.door.models import DoorRequest
from services.identity.settings import rate_limit_factor
from shared.kernel.errors import TrueupError
from shared.kernel.ids import new_id


class TooManyRequests(TrueupError):
    """Too many requests from this address, or for this account."""

    code: ClassVar[str] = "too_many_requests"
    status: ClassVar[int] = 429
    title: ClassVar[str] = "Too many requests"


class Origin(Protocol):
    """From where, and when, something is asked for."""

    address: str
    now: datetime


async def seconds_to_wait(
    session: AsyncSession, operation: str, account: str | None, address: str, now: datetime
) -> int | None:
    """Count a request; how long its caller has to wait, or None. The count stays when the request is refused."""
    limit = rules.LIMITS[operation]
    counts = await store.count(session, operation, rules.subjects(limit, account, address), now)
    return rules.wait_seconds(limit, counts, now, rate_limit_factor())


def leave_request(session: AsyncSession, kind: str, email: str, origin: Origin, **particulars: str) -> None:
    """Note what is asked for. Nothing is looked up, so the answer and its time cannot tell what is known."""
    empty = {"password_hash": None, "first_name": None, "last_name": None}
    given = empty | particulars
    session.add(
        DoorRequest(id=new_id(), kind=kind, email=email, address=origin.address, created_at=origin.now, **given)
    )
