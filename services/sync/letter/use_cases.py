"""Writing letters, in the transaction of what they tell of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.errand.models import LETTER
from services.sync.errand.store import add_errands
from services.sync.letter.models import Letter
from services.sync.letter.rules import Item, Text, at_once
from services.sync.notice.models import Notice
from services.sync.venture.models import VentureView
from shared.contracts.sync import NotificationType, Severity
from shared.kernel.ids import new_id
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.db.bulk import bulk_insert
from shared.platform.mail import newly_posted
from shared.platform.settings import public_url
from shared.platform.tenancy.organizations import organizations_by_id

MAILER = "mailer"
"""The role that sends letters."""


class Reader(NamedTuple):
    """To whom a letter goes."""

    organization_id: UUID
    user_id: UUID


class Draft(NamedTuple):
    """A letter before it is written; another with the same reader and cause is not written."""

    reader: Reader
    cause: str
    text: Text


async def write_letters(
    session: AsyncSession, told: Mapping[Reader, Sequence[Notice]], at: datetime
) -> dict[tuple[UUID, UUID], UUID]:
    """One letter to each reader about everything that just happened; gives their ids."""
    if not told:
        return {}
    organizations = await organizations_by_id(session, {reader.organization_id for reader in told})
    names = await venture_names(session, [notice for notices in told.values() for notice in notices])
    drafts = []
    for reader, notices in told.items():
        organization = organizations.get(reader.organization_id)
        items = [item_of(notice, names) for notice in notices]
        text = at_once(organization.name if organization else "Trueup", items, public_url())
        drafts.append(Draft(reader, f"notice:{notices[0].id}", text))
    return await post_letters(session, drafts, at)


async def post_letters(session: AsyncSession, drafts: Sequence[Draft], at: datetime) -> dict[tuple[UUID, UUID], UUID]:
    """Write letters that the mailer sends after the commit; gives their ids by reader."""
    if not drafts:
        return {}
    rows: list[dict[str, Any]] = [
        {
            "organization_id": draft.reader.organization_id,
            "id": new_id(),
            "user_id": draft.reader.user_id,
            "cause": draft.cause,
            "subject": draft.text.subject,
            "body": draft.text.body,
            "created_at": at,
            **newly_posted(),
        }
        for draft in drafts
    ]
    await bulk_insert(session, Letter, rows)
    await add_errands(session, LETTER, [(row["organization_id"], row["id"]) for row in rows], at)
    wake_after_commit(session, MAILER)
    return {(row["organization_id"], row["user_id"]): row["id"] for row in rows}


def item_of(notice: Notice, names: Mapping[tuple[UUID, UUID | None], str], *, over: bool = False) -> Item:
    """A notice as a letter tells it."""
    return Item(
        NotificationType(notice.type),
        Severity(notice.severity),
        notice.title,
        notice.message,
        notice.suggested_action,
        names.get((notice.organization_id, notice.venture_id)),
        over,
    )


async def venture_names(session: AsyncSession, notices: Iterable[Notice]) -> dict[tuple[UUID, UUID | None], str]:
    """The names of the ventures that notices are about."""
    keys = {(notice.organization_id, notice.venture_id) for notice in notices if notice.venture_id}
    statement = select(VentureView.organization_id, VentureView.id, VentureView.name).where(
        VentureView.organization_id.in_({organization for organization, _venture in keys}),
        VentureView.id.in_({venture for _organization, venture in keys}),
    )
    return {(row.organization_id, row.id): row.name for row in await session.execute(statement)} if keys else {}
