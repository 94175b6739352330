"""The report mail: the ended month's report, and a letter with it to everyone who runs the organization."""

from collections import Counter
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.letter import store
from services.reporting.letter.models import LetterDue, ReportLetter
from services.reporting.letter.rules import letter
from services.reporting.portfolio.store import ventures
from services.reporting.reader.store import readers
from services.reporting.report.document import ReportDocument
from services.reporting.report.rules.period import MONTHLY
from services.reporting.report.use_cases import make_report
from shared.kernel.clock import now
from shared.kernel.ids import new_id
from shared.kernel.periods import month_start
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.db.bulk import bulk_insert, lock_keys
from shared.platform.jobs.job import Slot, Step
from shared.platform.mail import newly_posted
from shared.platform.settings import public_url

MAILER = "mailer"
"""The role that sends letters."""


async def mail_report(session: AsyncSession, slot: Slot, cursor: Any) -> Step:
    """Make the report of the month before the slot, and write a letter to each who has none of this slot yet.

    An organization without ventures, or in which nobody is left to be told, gets no report.
    """
    del cursor  # one report and a few letters are one chunk
    organization = slot.organization
    # A run by hand may come at the same time as the scheduled one.
    await lock_keys(session, "reporting.letters", [(str(organization.id), str(slot.day))])
    told = await store.written(session, organization.id, slot.day)
    unwritten = [user for user in await readers(session, organization.id) if user not in told]
    if not unwritten or not await ventures(session, organization.id):
        return Step(Counter(reports=0, letters=0))
    at = now()
    ended = month_start(slot.day) - timedelta(days=1)
    report = await make_report(session, organization, MONTHLY, f"{ended:%Y-%m}", actor=None, now=at)
    path = f"{public_url()}/v1/organizations/{organization.id}/reports/{report.id}"
    text = letter(ReportDocument.model_validate(report.document), path)
    rows = [
        {
            "organization_id": organization.id,
            "id": new_id(),
            "slot": slot.day,
            "user_id": user,
            "report_id": report.id,
            "subject": text.subject,
            "body": text.body,
            "created_at": at,
            **newly_posted(),
        }
        for user in unwritten
    ]
    await bulk_insert(session, ReportLetter, rows)
    due = [{"id": row["id"], "organization_id": row["organization_id"], "due_at": at} for row in rows]
    await bulk_insert(session, LetterDue, due)
    wake_after_commit(session, MAILER)
    return Step(Counter(reports=1, letters=len(rows)))
