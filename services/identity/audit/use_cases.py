"""Keeping what services tell of deeds."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.audit import store
from shared.contracts.audit import AuditRecorded


async def keep(session: AsyncSession, told: Sequence[AuditRecorded]) -> None:
    """Write each deed down, once by its event's id, however often and in whichever order it is told."""
    await store.add(session, [_entry(one) for one in told], _things(told))


def _entry(told: AuditRecorded) -> dict[str, Any]:
    return {
        "id": told.delivery.event_id,
        **told.model_dump(mode="json", exclude={"at"}),
        "at": told.at,
    }


def _things(told: Sequence[AuditRecorded]) -> list[dict[str, Any]]:
    changed = {
        (one.organization_id, change.kind, change.id, one.delivery.event_id)
        for one in told
        for change in one.changes
        if change.id is not None
    }
    return [
        {"organization_id": organization, "kind": kind, "thing_id": thing, "entry_id": entry}
        for organization, kind, thing, entry in sorted(changed)
    ]
