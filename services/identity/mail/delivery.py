"""The mailer: sends what was written, at least once, again later when it fails."""

import structlog
from sqlalchemy import select

from services.identity.mail.models import Mail
from services.identity.mail.use_cases import MAILER, seal_context
from services.identity.settings import secret_box
from shared.kernel.clock import now
from shared.platform.mail import UNSENT, MailSettings, WrittenLetter, next_attempt, send
from shared.platform.service import Runtime
from shared.platform.worker import work_off

log = structlog.get_logger()

POLL_SECONDS = 1.0  # only for a wake-up that was lost, and letters that are tried again
_BATCH = 20


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they appear, until the process ends."""
    settings = MailSettings.load()
    await work_off(runtime.wakeups, MAILER, lambda: send_due(runtime, settings), poll_seconds=POLL_SECONDS)


async def send_due(runtime: Runtime, settings: MailSettings) -> int:
    """Try to send the letters that are due; returns how many were tried. Two mailers share the work."""
    box = secret_box(runtime)
    async with runtime.database.transaction() as session:
        due = (
            select(Mail)
            .where(Mail.sent_at.is_(None), Mail.next_attempt_at <= now())
            .order_by(Mail.next_attempt_at)
            .limit(_BATCH)
            .with_for_update(skip_locked=True)
        )
        mails = (await session.scalars(due)).all()
        for mail in mails:
            try:
                body = box.open(mail.sealed_body or "", seal_context(mail.id))
                await send(settings, WrittenLetter(mail.id, mail.created_at, mail.to_address, mail.subject, body))
            except UNSENT as error:
                mail.attempts += 1
                mail.last_error = type(error).__name__
                mail.next_attempt_at = next_attempt(mail.attempts, now())
                log.warning("mailer.failed", mail=str(mail.id), attempts=mail.attempts, reason=type(error).__name__)
            else:
                mail.sent_at, mail.sealed_body, mail.last_error = now(), None, None
    return len(mails)
