"""The mailer: sends members' letters, each at least once, under the same message id every time."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.errand import store as errands
from services.sync.errand.models import LETTER
from services.sync.errand.store import Held
from services.sync.errand.worker import carry_out_errands
from services.sync.letter.models import Letter
from services.sync.letter.use_cases import MAILER
from shared.kernel.clock import now
from shared.platform.mail import LETTERS_AT_A_TIME, WAITING, MailSettings, WrittenLetter, attempt
from shared.platform.service import Runtime
from shared.platform.tenancy.members import email_of


async def run_mailer(runtime: Runtime) -> None:
    """Send letters as they appear, until the process ends."""
    settings = MailSettings.load()

    async def carry_out(held: list[Held]) -> None:
        for one in held:
            await send_one(runtime, settings, one)

    await carry_out_errands(runtime, MAILER, LETTER, carry_out, LETTERS_AT_A_TIME)


async def send_one(runtime: Runtime, settings: MailSettings, held: Held) -> None:
    """Send a letter to where its reader is written to now; a reader who left, or is nowhere, gets none."""
    async with runtime.database.transaction([held.organization_id]) as session:
        letter = await _letter(session, held)
        address = letter and await email_of(session, held.organization_id, letter.user_id)
        if letter is None or not address:
            await errands.finish(session, [held.id])
            if letter is not None:
                letter.give_up("no address", now())
            return
        written = WrittenLetter(letter.id, letter.created_at, address, letter.subject, letter.body)
    failure = await attempt(settings, written)
    async with runtime.database.transaction([held.organization_id]) as session:
        letter = await _letter(session, held)
        if letter is None:
            return
        again_at = letter.settle(failure, now())
        if again_at is None:
            await errands.finish(session, [held.id])
        else:
            await errands.put_off(session, held.id, again_at, again=True)


async def _letter(session: AsyncSession, held: Held) -> Letter | None:
    """The letter while it waits, locked."""
    key = (held.organization_id, held.id)
    letter = await session.get(Letter, key, with_for_update=True, populate_existing=True)
    return letter if letter is not None and letter.state == WAITING else None
