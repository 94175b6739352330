"""The second factor over HTTP.

A change takes the password again: who finds an open session must not lock its owner out.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.door.entrance import LIMITED, AtTheDoor, Door
from services.identity.second_factor import rules, use_cases
from services.identity.second_factor.schemas import (
    ConfirmCode,
    PasswordAgain,
    PasswordAndCode,
    RecoveryCodesOut,
    SecondFactorOut,
    SecretOut,
)
from services.identity.session import login as logins
from services.identity.session.models import Session
from services.identity.session.use_cases import signed_in_user
from services.identity.settings import Box
from services.identity.user import store as users
from services.identity.user.models import User
from services.identity.user.passwords import verify_password
from services.identity.user.rules import NO_PASSWORD
from shared.contracts.audit import Action
from shared.kernel.errors import Forbidden
from shared.platform import audit
from shared.platform.auth.tokens import Claims
from shared.platform.http.call import CallerClaims, SignedInCall
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["auth"], prefix="/v1/auth/second-factor")

_FRESH = timedelta(minutes=15)


class ProveYourself(Forbidden):
    """The password is wrong or missing, or the session not fresh enough."""

    code = "prove_yourself"


@router.get("", operation_id="getSecondFactor")
async def get_second_factor(call: SignedInCall) -> SecondFactorOut:
    """Whether you have a second factor, and how many recovery codes are left."""
    await signed_in_user(call.session, call.claims)
    state = await use_cases.state(call.session, call.user_id)
    return SecondFactorOut(active=state.active, recovery_codes_left=state.recovery_codes_left)


@router.post("", status_code=201, operation_id="setUpSecondFactor", responses=LIMITED)
async def set_up_second_factor(body: PasswordAgain, claims: CallerClaims, door: AtTheDoor) -> SecretOut:
    """Begin: a secret for your authenticator. It counts once you confirm it with a code."""
    user = await _prove(door, claims, body.password)
    async with door.transaction() as session:
        secret = await use_cases.set_up(session, door.box, user.id, door.now)
    return SecretOut(secret=secret, otpauth_url=rules.address_of(secret, user.email))


@router.post("/confirm", operation_id="confirmSecondFactor")
async def confirm_second_factor(body: ConfirmCode, call: SignedInCall, box: Box) -> RecoveryCodesOut:
    """Let logins take a code from now on; the answer has ten recovery codes."""
    user = await signed_in_user(call.session, call.claims)
    return RecoveryCodesOut(recovery_codes=await use_cases.confirm(call.session, box, user.id, body.code, call.now))


@router.post("/recovery-codes", operation_id="renewRecoveryCodes", responses=LIMITED)
async def renew_recovery_codes(body: PasswordAndCode, claims: CallerClaims, door: AtTheDoor) -> RecoveryCodesOut:
    """Ten new recovery codes; the older ones count no more."""
    user = await _prove(door, claims, body.password, body.code)
    async with door.transaction() as session:
        return RecoveryCodesOut(recovery_codes=await use_cases.new_recovery_codes(session, user.id))


@router.post("/disable", status_code=204, operation_id="disableSecondFactor", responses=LIMITED)
async def disable_second_factor(body: PasswordAndCode, claims: CallerClaims, door: AtTheDoor) -> None:
    """Log in with the password alone again."""
    user = await _prove(door, claims, body.password, body.code)
    async with door.transaction() as session:
        await use_cases.give_up(session, user.id)


async def _prove(door: Door, claims: Claims, password: str | None, code: str | None = None) -> User:
    """Check the caller's password (and code) as a login would; wrong ones count as failed logins."""
    async with door.transaction() as session:
        user = await signed_in_user(session, claims)
        attempt = await logins.look_up(session, user.email, door.address, door.now)
        fresh = await _is_fresh(session, door, claims)
    if user.password_hash == NO_PASSWORD:
        right = fresh
    else:
        right = password is not None and await verify_password(password, user.password_hash)
    async with door.transaction() as session:
        if right and code is not None:
            right = await use_cases.accepts(session, door.box, user.id, code, door.now)
        if not right:
            await users.count_failure(session, attempt.subjects, door.now)
            audit.note(session, "second_factors", Action.REFUSED, user_id=user.id, because=ProveYourself.code)
    if not right:
        raise ProveYourself("The password or the code is wrong, or this session is older than 15 minutes.")
    return user


async def _is_fresh(session: AsyncSession, door: Door, claims: Claims) -> bool:
    begun = None if claims.session_id is None else await session.get(Session, claims.session_id)
    return begun is not None and door.now - begun.started_at <= _FRESH
