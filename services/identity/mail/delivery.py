"""The mailer: sends what was written, at least once, again later when it fails."""

import asyncio
import smtplib
import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

import structlog
from sqlalchemy import select

from services.identity.mail.models import Mail
from services.identity.mail.use_cases import seal_context
from services.identity.settings import MailSettings, secret_box
from shared.kernel.clock import now
from shared.platform.db.outage import is_outage
from shared.platform.service import Runtime

log = structlog.get_logger()

MAILER = "mailer"
POLL_SECONDS = 0.2
_BATCH = 20
_OUTAGE_SECONDS = 1.0
_LONGEST_DELAY = timedelta(hours=1)


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they appear, until the process ends."""
    settings = MailSettings.load()
    while True:
        try:
            sent = await send_due(runtime, settings)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("mailer.outage", reason=type(error).__name__)
            await asyncio.sleep(_OUTAGE_SECONDS)
            continue
        if not sent:
            await runtime.wakeups.wait(MAILER, POLL_SECONDS)


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
                message = as_message(mail, box.open(mail.sealed_body or "", seal_context(mail.id)), settings.sender)
                await asyncio.to_thread(_deliver, settings, mail, message)
            except (OSError, smtplib.SMTPException, ValueError) as error:  # ValueError: another key, an odd address
                mail.attempts += 1
                mail.last_error = type(error).__name__
                mail.next_attempt_at = now() + min(timedelta(seconds=2**mail.attempts), _LONGEST_DELAY)
                log.warning("mailer.failed", mail=str(mail.id), attempts=mail.attempts, reason=type(error).__name__)
            else:
                mail.sent_at, mail.sealed_body, mail.last_error = now(), None, None
    return len(mails)


def as_message(mail: Mail, body: str, sender: str) -> EmailMessage:
    """The letter as an e-mail. Sending it twice gives the same ``Message-ID``."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.to_address
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@trueup.invalid>"
    message.set_content(body, cte="8bit")
    return message


def _deliver(settings: MailSettings, mail: Mail, message: EmailMessage) -> None:
    if settings.smtp_url:
        _send(settings.smtp_url, message)
    else:
        _write_file(settings.folder, file_name(mail.created_at, mail.id), message)


def file_name(created_at: datetime, identity: object) -> str:
    """A name that sorts by time; the same letter always gets the same one."""
    return f"{created_at:%Y%m%dT%H%M%S.%f}-{identity}.eml"


def _write_file(folder: Path, name: str, message: EmailMessage) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = folder / f".{name}.part"
    unfinished.write_bytes(message.as_bytes())
    unfinished.replace(folder / name)


def _send(url: str, message: EmailMessage) -> None:
    """``smtp://user:password@host:587`` (with STARTTLS where the server offers it) or ``smtps://``."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    connect = (
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=15, context=tls)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 25, timeout=15)
    )
    with connect as server:
        server.ehlo_or_helo_if_needed()
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=tls)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
