"""Telling the audit log what somebody did: one event a transaction and organization, through the ordinary outbox.

Whoever opens a transaction for somebody (``Database.transaction(actor=...)``) ends it with ``tell``. What was changed
is known to the database (``shared.platform.db.changes``); use cases and endpoints have no part in it.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.audit import NO_ORGANIZATION, Action, ActorKind, AuditChange, AuditRecorded
from shared.kernel.clock import now
from shared.platform.bus.outbox import emit
from shared.platform.db.driver import Rows, Statement, run
from shared.platform.db.edges import Database

_TAKE: LiteralString = """
SELECT current_setting('app.changes', true), current_setting('app.changes_omitted', true),
       set_config('app.changes', '', true), set_config('app.changes_omitted', '', true)
"""
_ORGANIZATIONS_OF: LiteralString = """
SELECT DISTINCT organization_id FROM platform.memberships WHERE user_id = ANY (%s::uuid[]) AND active
"""
_NOTES = "audit.notes"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does what, from where. ``operation`` is the OpenAPI operation id, or the operator's command."""

    service: str
    operation: str
    actor: ActorKind = ActorKind.NOBODY
    user_id: UUID | None = None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    address: str = ""
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Noted:
    """A change, whose it is, and which user it is about."""

    change: AuditChange
    organization_id: UUID | None
    user_id: UUID | None


@dataclass(slots=True)
class _Changes:
    """Everything that a transaction changed."""

    noted: list[_Noted] = field(default_factory=list)
    omitted: int = 0

    @property
    def organizations(self) -> set[UUID]:
        return {one.organization_id for one in self.noted if one.organization_id is not None}

    @property
    def users(self) -> set[UUID]:
        return {one.user_id for one in self.noted if one.user_id is not None}


@asynccontextmanager
async def telling(database: Database, deed: Deed | None) -> AsyncIterator[AsyncSession]:
    """A transaction without an organization of its own, and the event of what was changed in it.

    Without a deed it only reads, and nothing is noted.
    """
    async with database.transaction(actor="" if deed is None else deed.actor.value) as session:
        yield session
        if deed is not None:
            await tell(session, deed)


def note(
    session: AsyncSession,
    kind: str,
    action: Action,
    *,
    thing: str | None = None,
    before: dict[str, Any] | None = None,
    user_id: UUID | None = None,
    **after: Any,
) -> None:
    """Let the audit log know what is no row of an audited table: a refused login, a command of the operator."""
    change = AuditChange(kind=kind, id=thing, action=action, before=before, after=after)
    session.info.setdefault(_NOTES, []).append(_Noted(change, None, user_id))


async def tell(session: AsyncSession, deed: Deed, organization_id: UUID | None = None) -> None:
    """Tell what was changed since the transaction began (or since this was called last); nothing when nothing was.

    Without an organization of the request, the changed rows say whose they are. What belongs to no organization (a
    person's sessions, say) is told to all organizations of that person; if there are none, to ``NO_ORGANIZATION``.
    """
    changes = await _taken(session)
    if not changes.noted and not changes.omitted:
        return
    if organization_id is not None:
        await emit(session, _event(deed, organization_id, changes.noted, changes))
        return
    people = changes.users if deed.user_id is None else {deed.user_id}
    organizations = changes.organizations
    if not organizations:
        (organizations,) = await run(session, Statement(_ORGANIZATIONS_OF, (sorted(people),), _ids))
    for one in sorted(organizations) or [NO_ORGANIZATION]:
        its = [noted for noted in changes.noted if noted.organization_id in (None, one)]
        await emit(session, _event(deed, one, its, changes))


def _event(deed: Deed, organization_id: UUID, noted: Iterable[_Noted], changes: _Changes) -> AuditRecorded:
    """Who showed no token is the one person whose account it was, unless they were refused."""
    user_id, actor = deed.user_id, deed.actor
    if actor is ActorKind.NOBODY and len(changes.users) == 1:
        (user_id,) = changes.users
        refused = any(one.change.action is Action.REFUSED for one in changes.noted)
        actor = ActorKind.NOBODY if refused else ActorKind.USER
    return AuditRecorded(
        organization_id=organization_id,
        service=deed.service,
        operation=deed.operation,
        actor=actor,
        user_id=user_id,
        session_id=deed.session_id,
        api_key_id=deed.api_key_id,
        address=deed.address,
        request_id=deed.request_id,
        at=now(),
        changes=tuple(one.change for one in noted),
        omitted=changes.omitted,
    )


async def _taken(session: AsyncSession) -> _Changes:
    ((lines, omitted),) = await run(session, Statement(_TAKE, (), _first))
    noted = [_read(line) for line in (lines or "").split("\n") if line]
    return _Changes(noted + session.info.pop(_NOTES, []), int(omitted or 0))


def _first(rows: Rows) -> Sequence[str | None]:
    return rows[0][:2]


def _ids(rows: Rows) -> set[UUID]:
    return {row[0] for row in rows}


def _read(line: str) -> _Noted:
    # a numeric column is exact; as a float it would not be
    said = json.loads(line, parse_float=str)
    organization_id, user_id = (said[name] and UUID(said[name]) for name in ("organization_id", "user_id"))
    return _Noted(AuditChange.model_validate(said), organization_id, user_id)
