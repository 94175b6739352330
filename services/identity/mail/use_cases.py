"""Writing letters."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.mail.models import Mail
from services.identity.mail.rules import Letter
from shared.kernel.ids import new_id
from shared.platform.bus.wakeups import wake_after_commit
from shared.platform.secrets import SecretBox

MAILER = "mailer"


async def write_letter(session: AsyncSession, box: SecretBox, letter: Letter, now: datetime) -> None:
    """Put a letter into the caller's transaction; the mailer sends it after the commit."""
    identity = new_id()
    session.add(
        Mail(
            id=identity,
            to_address=letter.to_address,
            subject=letter.subject,
            sealed_body=box.seal(letter.body, seal_context(identity)),
            created_at=now,
            next_attempt_at=now,
            attempts=0,
            last_error=None,
            sent_at=None,
        )
    )
    wake_after_commit(session, MAILER)


def seal_context(identity: object) -> str:
    """What a letter's seal is bound to."""
    return f"mail:{identity}"
