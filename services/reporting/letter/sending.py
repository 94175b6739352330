"""The mailer: sends the letters with their report, each at least once, under the same message id every time."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.letter import store
from services.reporting.letter.models import LetterDue, ReportLetter
from services.reporting.letter.use_cases import MAILER
from services.reporting.report.store import find_pdf
from shared.kernel.clock import now
from shared.platform.mail import Attachment, MailSettings, WrittenLetter, attempt
from shared.platform.service import Runtime
from shared.platform.tenancy.members import email_of
from shared.platform.worker import work_off

POLL_SECONDS = 2.0


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they become due, until the process ends."""
    settings = MailSettings.load()
    await work_off(runtime.wakeups, MAILER, lambda: send_due(runtime, settings), poll_seconds=POLL_SECONDS)


async def send_due(runtime: Runtime, settings: MailSettings) -> int:
    """Try to send some letters that are due; gives how many. Replicas share the work."""
    async with runtime.database.transaction() as session:
        claimed = await store.claim(session, now())
    for due in claimed:
        await _send_one(runtime, settings, due)
    return len(claimed)


async def _send_one(runtime: Runtime, settings: MailSettings, due: LetterDue) -> None:
    """Send a letter to where its reader is written to now; a reader who left, or is nowhere, gets none."""
    async with runtime.database.transaction([due.organization_id]) as session:
        letter = await store.waiting(session, due)
        written = None if letter is None else await _written(session, letter)
        if letter is None or written is None:
            await store.finish(session, due)
            if letter is not None:
                letter.give_up("no address", now())
            return
    failure = await attempt(settings, written)
    async with runtime.database.transaction([due.organization_id]) as session:
        letter = await store.waiting(session, due)
        if letter is None:
            return
        again_at = letter.settle(failure, now())
        if again_at is None:
            await store.finish(session, due)
        else:
            await store.put_off(session, due, again_at)


async def _written(session: AsyncSession, letter: ReportLetter) -> WrittenLetter | None:
    address = await email_of(session, letter.organization_id, letter.user_id)
    report = await find_pdf(session, letter.organization_id, letter.report_id)
    if address is None or report is None:
        return None
    name = f"{report.template}-report-{report.period_code}.pdf"
    attached = (Attachment(name, "application/pdf", report.pdf),)
    return WrittenLetter(letter.id, letter.created_at, address, letter.subject, letter.body, attached)
