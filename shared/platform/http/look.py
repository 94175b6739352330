"""A read that looks first: whether the caller may, and whether an answer that is kept still holds.

Both are asked in one round trip, and no transaction is open while the endpoint runs: it begins one only if it has to
read more.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kernel.clock import now
from shared.platform.auth.rights import rights_of_key, rights_of_member
from shared.platform.auth.tokens import Claims
from shared.platform.db.driver import Statement, run
from shared.platform.db.edges import Database
from shared.platform.http.call import Credential, admit, proof
from shared.platform.tenancy.organizations import OrganizationView, organization_of
from shared.platform.tenancy.ventures import limit_to_ventures

if TYPE_CHECKING:
    from shared.platform.service import Runtime

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look(Generic[T]):
    """What a request to one organization saw first, by a member or an API key whose role suffices.

    ``venture_ids`` None: all ventures; else an answer that is kept for others must not be shared with this caller.
    """

    database: Database
    organization: OrganizationView
    venture_ids: frozenset[UUID] | None
    seen: T
    now: datetime

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees what the caller may."""
        async with self.database.transaction([self.organization.id]) as session:
            if self.venture_ids is not None:
                await limit_to_ventures(session, self.venture_ids)
            yield session


def look_at(about: Callable[[UUID], Statement[T]]) -> Callable[..., Awaitable[Look[T]]]:
    """A dependency that asks for the caller's rights and for something ``about`` the organization.

    Nobody sees that without rights, but who is limited to some ventures sees it as others do: it tells of none.
    """

    async def look(request: Request, organization_id: UUID, credential: Credential) -> Look[T]:
        runtime: Runtime = request.app.state.runtime
        shown = await proof(request, credential)
        if isinstance(shown, Claims):
            asked = rights_of_member(shown, organization_id), about(organization_id)
            rights, seen = await runtime.database.look(organization_id, *asked)
        else:
            async with runtime.database.transaction([organization_id]) as session:
                rights = await rights_of_key(session, shown, organization_id, now())
                (seen,) = await run(session, about(organization_id))
            runtime.key_uses.note(organization_id, shown.id)
        admit(request, rights)
        organization = rights.organization
        if organization is None:
            async with runtime.database.transaction([organization_id]) as session:
                organization = await organization_of(session, organization_id)
        return Look(runtime.database, organization, rights.venture_ids, seen, now())

    return look
