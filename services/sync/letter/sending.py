"""The mailer: sends members' letters, each at least once, under the same message id every time."""

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.errand import store as errands
from services.sync.errand.models import LETTER
from services.sync.errand.store import Held
from services.sync.errand.worker import carry_out_errands
from services.sync.letter.models import GIVEN_UP, SENT, WAITING, Letter
from services.sync.letter.rules import MOST_ATTEMPTS
from services.sync.letter.use_cases import MAILER
from services.sync.notice.recipients import address_of
from shared.kernel.clock import now
from shared.platform.failpoints import failpoint
from shared.platform.mail import UNSENT, MailSettings, WrittenLetter, next_attempt, send
from shared.platform.service import Runtime

log = structlog.get_logger()

AT_A_TIME = 2
"""A server that takes its time must not outlast the hold on a letter."""


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they appear, until the process ends."""
    settings = MailSettings.load()

    async def carry_out(held: list[Held]) -> None:
        for one in held:
            await send_one(runtime, settings, one)

    await carry_out_errands(runtime, MAILER, LETTER, carry_out, AT_A_TIME)


async def send_one(runtime: Runtime, settings: MailSettings, held: Held) -> None:
    """Send a letter to where its reader is written to now; a reader who left, or is nowhere, gets none."""
    async with runtime.database.transaction([held.organization_id]) as session:
        letter = await _letter(session, held)
        address = letter and await address_of(session, held.organization_id, letter.user_id)
        if letter is None or not address:
            await errands.finish(session, [held.id])
            if letter is not None:
                letter.state, letter.last_error, letter.settled_at = GIVEN_UP, "no address", now()
            return
        written = WrittenLetter(letter.id, letter.created_at, address, letter.subject, letter.body)
    failure: Exception | None = None
    try:
        await send(settings, written)
    except UNSENT as error:
        failure = error
    await failpoint("mailer.after_send")
    async with runtime.database.transaction([held.organization_id]) as session:
        letter = await _letter(session, held)
        if letter is not None:
            await _settle(session, letter, failure)


async def _letter(session: AsyncSession, held: Held) -> Letter | None:
    """The letter while it waits, locked."""
    key = (held.organization_id, held.id)
    letter = await session.get(Letter, key, with_for_update=True, populate_existing=True)
    return letter if letter is not None and letter.state == WAITING else None


async def _settle(session: AsyncSession, letter: Letter, failure: Exception | None) -> None:
    at = now()
    letter.attempts += 1
    letter.last_error = type(failure).__name__ if failure else None
    if failure is not None:
        log.warning("letters.failed", letter=str(letter.id), attempts=letter.attempts, reason=letter.last_error)
    if failure is not None and letter.attempts < MOST_ATTEMPTS:
        await errands.put_off(session, letter.id, next_attempt(letter.attempts, at), again=True)
        return
    letter.state, letter.settled_at = (SENT if failure is None else GIVEN_UP), at
    await errands.finish(session, [letter.id])
