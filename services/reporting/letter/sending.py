"""The mailer: sends the letters with their report, each at least once, under the same message id every time."""

from uuid import UUID

import structlog

from services.reporting.letter import store
from services.reporting.letter.models import GIVEN_UP, SENT, ReportLetter
from services.reporting.letter.rules import MOST_ATTEMPTS
from services.reporting.letter.use_cases import MAILER
from services.reporting.report.models import Report
from services.reporting.report.store import find_pdf
from shared.kernel.clock import now
from shared.platform.failpoints import failpoint
from shared.platform.mail import UNSENT, Attachment, MailSettings, WrittenLetter, next_attempt, send
from shared.platform.service import Runtime
from shared.platform.worker import work_off

log = structlog.get_logger()

POLL_SECONDS = 5.0
ORGANIZATIONS_AT_A_TIME = 500
LETTERS_AT_A_TIME = 20


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they become due, until the process ends."""
    settings = MailSettings.load()
    await work_off(runtime.wakeups, MAILER, lambda: send_due(runtime, settings), poll_seconds=POLL_SECONDS)


async def send_due(runtime: Runtime, settings: MailSettings) -> int:
    """Try to send what is due in every organization; gives how many were tried. Replicas share the work."""
    tried, after = 0, None
    while True:
        async with runtime.database.transaction() as session:
            page = await store.organizations_after(session, after, ORGANIZATIONS_AT_A_TIME)
        if not page:
            return tried
        after = page[-1]
        async with runtime.database.transaction(page) as session:
            found = await store.due(session, page, now(), LETTERS_AT_A_TIME)
        for organization_id, letter_id in found:
            tried += await _send_one(runtime, settings, organization_id, letter_id)


async def _send_one(runtime: Runtime, settings: MailSettings, organization_id: UUID, letter_id: UUID) -> bool:
    """Send a letter while its row is locked, so that no other replica does; false if another has it."""
    async with runtime.database.transaction([organization_id]) as session:
        letter = await store.held(session, organization_id, letter_id, now())
        if letter is None:
            return False
        address = await store.address_of(session, organization_id, letter.user_id)
        report = await find_pdf(session, organization_id, letter.report_id)
        if address is None or report is None:
            letter.state, letter.last_error, letter.settled_at = GIVEN_UP, "no address", now()
            return True
        failure: Exception | None = None
        try:
            await send(settings, _written(letter, address, report))
        except UNSENT as error:
            failure = error
        await failpoint("mailer.after_send")
        _settle(letter, failure)
    return True


def _written(letter: ReportLetter, address: str, report: Report) -> WrittenLetter:
    name = f"{report.template}-report-{report.period_code}.pdf"
    attached = (Attachment(name, "application/pdf", report.pdf),)
    return WrittenLetter(letter.id, letter.created_at, address, letter.subject, letter.body, attached)


def _settle(letter: ReportLetter, failure: Exception | None) -> None:
    at = now()
    letter.attempts += 1
    letter.last_error = type(failure).__name__ if failure else None
    if failure is not None:
        log.warning("letters.failed", letter=str(letter.id), attempts=letter.attempts, reason=letter.last_error)
        letter.next_attempt_at = next_attempt(letter.attempts, at)
        if letter.attempts < MOST_ATTEMPTS:
            return
    letter.state, letter.settled_at = (SENT if failure is None else GIVEN_UP), at
