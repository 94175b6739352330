"""How an endpoint for callers without a token reaches the database: in short transactions of its own.

Counting a request is committed before the request is refused, and a password is hashed between two
transactions, never inside one.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door import use_cases
from services.identity.settings import secret_box
from shared.kernel.clock import now
from shared.platform import audit
from shared.platform.audit import Deed
from shared.platform.http.call import address_of, deed_of
from shared.platform.http.problems import problem_responses
from shared.platform.secrets import SecretBox
from shared.platform.service import Runtime

LIMITED = problem_responses(429)
"""The ``responses`` of an endpoint that counts its callers."""

_LONGEST_USER_AGENT = 300


@dataclass
class Door:
    """A caller at the front door."""

    runtime: Runtime
    address: str
    user_agent: str
    deed: Deed
    now: datetime = field(default_factory=now)

    @property
    def box(self) -> SecretBox:
        """What opens sealed secrets."""
        return secret_box(self.runtime)

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction; it commits when it is left without an error, and tells the audit log what it changed."""
        return audit.telling(self.runtime.database, self.deed)

    async def admit(self, operation: str, account: str | None = None) -> None:
        """Count the request; ``TooManyRequests`` with ``Retry-After`` when there were too many."""
        async with self.runtime.database.transaction() as session:
            wait = await use_cases.seconds_to_wait(session, operation, account, self.address, self.now)
        if wait is not None:
            raise use_cases.TooManyRequests(
                f"Too many requests; try again in {wait} seconds.", headers={"Retry-After": str(wait)}
            )


async def _door(request: Request) -> Door:
    user_agent = request.headers.get("user-agent", "").replace("\0", "")[:_LONGEST_USER_AGENT]
    return Door(request.app.state.runtime, address_of(request), user_agent, deed_of(request))


AtTheDoor = Annotated[Door, Depends(_door)]
"""The door of this process, for endpoints."""
