"""The mailer: sends what was written, at least once, again later when it fails."""

from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.mail.models import Mail
from services.identity.mail.use_cases import MAILER, seal_context
from services.identity.settings import secret_box
from shared.kernel.clock import now
from shared.platform.mail import HOLD, LETTERS_AT_A_TIME, MailSettings, WrittenLetter, attempt, next_attempt
from shared.platform.secrets import SealBroken, SecretBox
from shared.platform.service import Runtime
from shared.platform.worker import work_off

log = structlog.get_logger()

POLL_SECONDS = 1.0  # only for a wake-up that was lost, and letters that are tried again


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they appear, until the process ends."""
    settings = MailSettings.load()
    await work_off(runtime.wakeups, MAILER, lambda: send_due(runtime, settings), poll_seconds=POLL_SECONDS)


async def send_due(runtime: Runtime, settings: MailSettings) -> int:
    """Try to send some letters that are due; returns how many. Two mailers share the work."""
    box = secret_box(runtime)
    async with runtime.database.transaction() as session:
        claimed = await _claim(session)
    for mail in claimed:
        failure = await _attempt(settings, box, mail)
        async with runtime.database.transaction() as session:
            await _settle(session, mail.id, failure)
    return len(claimed)


async def _claim(session: AsyncSession) -> list[Mail]:
    """Some letters that are due, longest first; no other mailer has them for a while."""
    due = (
        select(Mail)
        .where(Mail.sent_at.is_(None), Mail.next_attempt_at <= now())
        .order_by(Mail.next_attempt_at)
        .limit(LETTERS_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    claimed = list(await session.scalars(due))
    for mail in claimed:
        mail.next_attempt_at = now() + HOLD
    return claimed


async def _attempt(settings: MailSettings, box: SecretBox, mail: Mail) -> Exception | None:
    try:
        body = box.open(mail.sealed_body or "", seal_context(mail.id))
    except SealBroken as error:
        log.error("letters.seal_broken", letter=str(mail.id))  # noqa: TRY400 - it is the key that is wrong
        return error
    return await attempt(settings, WrittenLetter(mail.id, mail.created_at, mail.to_address, mail.subject, body))


async def _settle(session: AsyncSession, identity: UUID, failure: Exception | None) -> None:
    mail = await session.get_one(Mail, identity, with_for_update=True)
    if mail.sent_at is not None:
        return
    if failure is None:
        mail.sent_at, mail.sealed_body, mail.last_error = now(), None, None
        return
    mail.attempts += 1
    mail.last_error = type(failure).__name__
    mail.next_attempt_at = next_attempt(mail.attempts, now())
