"""Sending letters: to an SMTP server by settings, else as files into a folder that ``trueup mail`` reads."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import structlog
from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from shared.platform.db.tables import Instant
from shared.platform.failpoints import failpoint
from shared.platform.settings import environment

log = structlog.get_logger()

UNSENT = (OSError, smtplib.SMTPException, ValueError)
"""What sending raises when a letter did not leave (``ValueError``: an odd address, a seal that does not open)."""
_SMTP_SECONDS = 15
_LONGEST_DELAY = timedelta(hours=1)

HOLD = timedelta(minutes=1)
"""How long a mailer may be silent before another sends its letters."""
LETTERS_AT_A_TIME = 2
"""A server that takes its time must not outlast the hold on a letter."""
MOST_ATTEMPTS = 24
"""How often a member's letter is tried: about 14 hours."""
WAITING, SENT, GIVEN_UP = "waiting", "sent", "given_up"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where letters go: to an SMTP server, else as files into a folder."""

    folder: Path
    smtp_url: str = field(repr=False)
    sender: str

    @classmethod
    def load(cls) -> "MailSettings":
        """From ``TRUEUP_MAIL_DIR``, ``TRUEUP_SMTP_URL`` and ``TRUEUP_MAIL_FROM``."""
        return cls(
            folder=Path(environment("MAIL_DIR", "var/mail")),
            smtp_url=environment("SMTP_URL", ""),
            sender=environment("MAIL_FROM", "Trueup <no-reply@trueup.invalid>"),
        )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a letter."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """A letter as it is sent. ``id`` and ``created_at`` make it the same letter when it is sent again."""

    id: UUID
    created_at: datetime
    to_address: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()


class PostedLetter:
    """The columns that say how a letter stands, of the tables of services that write to members."""

    state: Mapped[str]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    settled_at: Mapped[Instant | None]

    def settle(self, failure: Exception | None, at: datetime) -> datetime | None:
        """Note what became of an attempt; gives when to try again, None when the letter is settled."""
        self.attempts += 1
        self.last_error = type(failure).__name__ if failure else None
        if failure is not None and self.attempts < MOST_ATTEMPTS:
            return next_attempt(self.attempts, at)
        self.state, self.settled_at = (SENT if failure is None else GIVEN_UP), at
        return None

    def give_up(self, reason: str, at: datetime) -> None:
        """Settle a letter that cannot be sent to anybody."""
        self.state, self.last_error, self.settled_at = GIVEN_UP, reason, at


def newly_posted() -> dict[str, Any]:
    """The values of ``PostedLetter`` of a letter that was just written."""
    return {"state": WAITING, "attempts": 0, "last_error": None, "settled_at": None}


def known_state() -> CheckConstraint:
    """The constraint of a table of posted letters."""
    return CheckConstraint(f"state IN ('{WAITING}', '{SENT}', '{GIVEN_UP}')", name="state")


async def attempt(settings: MailSettings, letter: WrittenLetter) -> Exception | None:
    """Send a letter, at least once; gives why it did not leave."""
    failure: Exception | None = None
    try:
        await send(settings, letter)
    except UNSENT as error:
        log.warning("letters.failed", letter=str(letter.id), reason=type(error).__name__)
        failure = error
    await failpoint("mailer.after_send")
    return failure


async def send(settings: MailSettings, letter: WrittenLetter) -> None:
    """Send a letter, at least once. Raises one of ``UNSENT`` when it did not leave."""
    message = as_message(letter, settings.sender)
    if settings.smtp_url:
        await asyncio.to_thread(_send, settings.smtp_url, message)
    else:
        await asyncio.to_thread(_write_file, settings.folder, file_name(letter.created_at, letter.id), message)


def next_attempt(attempts: int, at: datetime) -> datetime:
    """When a letter that failed so often is tried again: after 2, 4, 8 ... seconds, an hour at most."""
    return at + min(timedelta(seconds=2 ** min(attempts, 20)), _LONGEST_DELAY)


def as_message(letter: WrittenLetter, sender: str) -> EmailMessage:
    """The letter as an e-mail. Sending it twice gives the same ``Message-ID``."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.to_address
    message["Subject"] = letter.subject
    message["Date"] = letter.created_at
    message["Message-ID"] = f"<{letter.id}@trueup.invalid>"
    message.set_content(letter.body, cte="8bit")
    for attached in letter.attachments:
        main, _, sub = attached.media_type.partition("/")
        message.add_attachment(attached.content, maintype=main, subtype=sub, filename=attached.name)
    return message


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
        smtplib.SMTP_SSL(host, parts.port or 465, timeout=_SMTP_SECONDS, context=tls)
        if parts.scheme == "smtps"
        else smtplib.SMTP(host, parts.port or 25, timeout=_SMTP_SECONDS)
    )
    with connect as server:
        server.ehlo_or_helo_if_needed()
        if parts.scheme != "smtps" and server.has_extn("starttls"):
            server.starttls(context=tls)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
