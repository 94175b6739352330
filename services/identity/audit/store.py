"""All SQL of the audit log."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, and_, cast, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.api_key.models import ApiKey
from services.identity.audit.models import AuditedThing, AuditEntry
from services.identity.audit.rules import search_pattern
from services.identity.audit.schemas import AuditFilter
from services.identity.user.models import User
from shared.platform.db.bulk import bulk_insert


async def add(session: AsyncSession, entries: Sequence[Mapping[str, Any]], things: Sequence[Mapping[str, Any]]) -> None:
    """Write entries and what they changed; those that are there stay as they are."""
    await bulk_insert(session, AuditEntry, entries, on_conflict="ignore")
    await bulk_insert(session, AuditedThing, things, on_conflict="ignore")


def entries_of(organization_id: UUID, wanted: AuditFilter) -> Select[Any]:
    """Entries, each with who acted and with which key."""
    mine = and_(ApiKey.organization_id == AuditEntry.organization_id, ApiKey.id == AuditEntry.api_key_id)
    whole: Any = select(AuditEntry, User, ApiKey)
    whole = whole.outerjoin(User, User.id == AuditEntry.user_id).outerjoin(ApiKey, mine)
    found: Select[Any] = whole.where(AuditEntry.organization_id == organization_id)
    equal = {
        AuditEntry.service: wanted.service,
        AuditEntry.operation: wanted.operation,
        AuditEntry.actor: wanted.actor and wanted.actor.value,
        AuditEntry.user_id: wanted.user_id,
        AuditEntry.api_key_id: wanted.api_key_id,
    }
    found = found.where(*[column == value for column, value in equal.items() if value is not None])
    if wanted.since is not None:
        found = found.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(AuditEntry.at < wanted.until)
    if wanted.kind is not None or wanted.thing_id is not None:
        found = found.where(_changed(wanted))
    return found if wanted.text is None else found.where(_contains(wanted.text))


def _changed(wanted: AuditFilter) -> Any:
    """The entry changed a thing of this kind, with this id."""
    its = [AuditedThing.organization_id == AuditEntry.organization_id, AuditedThing.entry_id == AuditEntry.id]
    if wanted.kind is not None:
        its.append(AuditedThing.kind == wanted.kind)
    if wanted.thing_id is not None:
        its.append(AuditedThing.thing_id == wanted.thing_id)
    return exists().where(*its)


def _contains(text: str) -> Any:
    pattern = search_pattern(text)
    entry = func.concat_ws(
        " ",
        *(AuditEntry.service, AuditEntry.operation, AuditEntry.address, AuditEntry.request_id),
        *(User.first_name, User.last_name, User.email, ApiKey.name, cast(AuditEntry.changes, Text)),
    )
    return entry.ilike(pattern, escape="\\")
