"""The doorman: looks into what was asked for by e-mail address, after its answer was given."""

from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door import store
from services.identity.door.models import DoorRequest
from services.identity.provider import store as provider_logins
from services.identity.settings import secret_box
from services.identity.user import use_cases
from shared.contracts.audit import ActorKind
from shared.kernel.clock import now
from shared.platform import audit
from shared.platform.audit import Deed
from shared.platform.db.outage import is_outage
from shared.platform.secrets import SecretBox
from shared.platform.service import Runtime
from shared.platform.worker import work_off

log = structlog.get_logger()

DOORMAN = "doorman"
POLL_SECONDS = 0.5
_BATCH = 20
_TIDY_EVERY = timedelta(minutes=1)
_OPERATIONS = {
    "register": "register",
    "resend_verification": "resendVerification",
    "reset_password": "forgotPassword",
}


async def run_doorman(runtime: Runtime) -> None:
    """Look into requests as they come, until the process ends; drop counts that are over."""
    tidied = now() - _TIDY_EVERY

    async def look() -> int:
        nonlocal tidied
        handled = await answer_waiting(runtime)
        if now() - tidied >= _TIDY_EVERY:
            tidied = now()
            async with runtime.database.transaction() as session:
                await store.forget_old_counts(session, tidied)
                await provider_logins.forget_lost(session, tidied)
        return handled

    await work_off(runtime.wakeups, DOORMAN, look, poll_seconds=POLL_SECONDS)


async def answer_waiting(runtime: Runtime) -> int:
    """Carry out some of the waiting requests; returns how many there were."""
    box = secret_box(runtime)
    async with runtime.database.transaction(actor=ActorKind.NOBODY.value) as session:
        waiting = await store.claim(session, _BATCH)
        for request in waiting:
            await _carry_out_alone(session, box, request)
            await audit.tell(session, Deed("identity", _OPERATIONS[request.kind], address=request.address))
            await session.delete(request)
    return len(waiting)


async def _carry_out_alone(session: AsyncSession, box: SecretBox, request: DoorRequest) -> None:
    """A request that cannot be carried out is dropped, and holds up no other."""
    try:
        async with session.begin_nested():
            await _carry_out(session, box, request)
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("doorman.dropped", kind=request.kind, request=str(request.id))


async def _carry_out(session: AsyncSession, box: SecretBox, request: DoorRequest) -> None:
    if request.kind == "register":
        account = use_cases.NewAccount(
            request.email, request.password_hash or "", request.first_name or "", request.last_name or ""
        )
        await use_cases.register(session, box, account, now())
    elif request.kind == "resend_verification":
        await use_cases.resend_verification(session, box, request.email, now())
    else:
        await use_cases.request_reset(session, box, request.email, now())
