"""Setting up, using and giving up a second factor."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.second_factor import rules, store
from services.identity.second_factor.models import SecondFactor
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.platform.secrets import SecretBox


class SecondFactorActive(Conflict):
    """The account has a second factor already."""

    code = "second_factor_active"


class CodeWrong(Invalid):
    """The code is not one of this moment."""

    code = "code_wrong"


@dataclass(frozen=True, slots=True)
class State:
    """Whether the account has a second factor, and how many recovery codes are left."""

    active: bool
    recovery_codes_left: int


async def state(session: AsyncSession, user_id: UUID) -> State:
    """What a user may know of their second factor."""
    active = await is_active(session, user_id)
    return State(active, await store.unused_recovery_codes(session, user_id) if active else 0)


async def is_active(session: AsyncSession, user_id: UUID) -> bool:
    """Whether a login takes a code."""
    factor = await session.get(SecondFactor, user_id)
    return factor is not None and factor.confirmed_at is not None


async def set_up(session: AsyncSession, box: SecretBox, user_id: UUID, now: datetime) -> str:
    """A new secret; it counts once a code of it was confirmed. A newer one takes the place of an unconfirmed one."""
    factor = await store.find(session, user_id)
    if factor is not None and factor.confirmed_at is not None:
        raise SecondFactorActive("There is a second factor already; give it up first.")
    secret = rules.new_secret()
    sealed = box.seal(secret, _seal_context(user_id))
    if factor is None:
        session.add(SecondFactor(user_id=user_id, sealed_secret=sealed, created_at=now, confirmed_at=None, last_step=0))
    else:
        factor.sealed_secret, factor.created_at, factor.last_step = sealed, now, 0
    return secret


async def confirm(session: AsyncSession, box: SecretBox, user_id: UUID, code: str, now: datetime) -> list[str]:
    """Let the second factor count from now on, and give the recovery codes."""
    factor = await store.find(session, user_id)
    if factor is None:
        raise NotFound("There is no second factor to confirm; set one up first.")
    if factor.confirmed_at is not None:
        raise SecondFactorActive("The second factor is confirmed already.")
    step = rules.step_of(box.open(factor.sealed_secret, _seal_context(user_id)), code, now, factor.last_step)
    if step is None:
        raise CodeWrong("The code is wrong or too old; is the clock of your authenticator right?")
    factor.confirmed_at, factor.last_step = now, step
    return await new_recovery_codes(session, user_id)


async def accepts(session: AsyncSession, box: SecretBox, user_id: UUID, code: str, now: datetime) -> bool:
    """Whether a code (or an unused recovery code) is right; it is used up by it."""
    factor = await store.find(session, user_id)
    if factor is None or factor.confirmed_at is None:
        return False
    step = rules.step_of(box.open(factor.sealed_secret, _seal_context(user_id)), code, now, factor.last_step)
    if step is not None:
        factor.last_step = step
        return True
    return await store.use_recovery_code(session, user_id, rules.recovery_hash(code), now)


async def new_recovery_codes(session: AsyncSession, user_id: UUID) -> list[str]:
    """Ten new recovery codes; the older ones count no more."""
    codes = [rules.new_recovery_code() for _ in range(rules.RECOVERY_CODES)]
    await store.replace_recovery_codes(session, user_id, [rules.recovery_hash(code) for code in codes])
    return codes


async def give_up(session: AsyncSession, user_id: UUID) -> None:
    """The account has no second factor any more."""
    factor = await store.find(session, user_id)
    if factor is not None:
        await session.delete(factor)
        await store.replace_recovery_codes(session, user_id, [])


def _seal_context(user_id: UUID) -> str:
    return f"second_factor:{user_id}"
