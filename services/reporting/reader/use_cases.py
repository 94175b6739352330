"""Choosing who gets the monthly report by mail."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.reader import store
from services.reporting.reader.models import ReportReaders
from shared.kernel.errors import Invalid, field_error
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import check_version


class NotAReader(Invalid):
    """Somebody was chosen who is no member, or may not see all that the report shows."""

    code = "not_a_reader"


async def choose_readers(
    session: AsyncSession,
    organization_id: UUID,
    chosen: Sequence[UUID] | None,
    seen: int | None,
    *,
    actor: UUID,
    at: datetime,
) -> ReportReaders:
    """Set who gets the report; null lets everyone who runs the organization have it again.

    Raises ``StaleVersion`` if ``seen`` is not the current version, ``NotAReader`` with each user who is no active
    member of the organization or is limited to some of its ventures.
    """
    await lock_keys(session, "reporting.readers", [organization_id])
    row = await store.choice_of(session, organization_id)
    check_version(row.version if row else 0, seen)
    allowed = await store.seeing_all(session, organization_id, chosen or ())
    wrong = [(place, user) for place, user in enumerate(chosen or ()) if user not in allowed]
    if wrong:
        message = "is no active member of this organization who may see all its ventures"
        raise NotAReader(
            f"{', '.join(str(user) for _place, user in wrong)}: {message}.",
            errors=[field_error(f"readers.{place}", message) for place, _user in wrong],
        )
    readers = None if chosen is None else sorted({str(user) for user in chosen})
    if row is None:
        row = ReportReaders(organization_id=organization_id, version=0, readers=None)
        session.add(row)
    if row.version == 0 or row.readers != readers:
        row.readers, row.version, row.changed_at, row.changed_by = readers, row.version + 1, at, actor
    await session.flush()
    return row
