"""Registering, proving an address, choosing a new password over HTTP."""

from services.identity.door.doorman import DOORMAN
from services.identity.door.entrance import LIMITED, AtTheDoor
from services.identity.door.use_cases import leave_request
from services.identity.membership import store as memberships
from services.identity.session import use_cases as sessions
from services.identity.user import use_cases
from services.identity.user.passwords import hash_password
from services.identity.user.schemas import (
    ForgotPassword,
    MeOut,
    MessageOut,
    NewUser,
    OrganizationOfUser,
    ResendVerification,
    ResetPassword,
    UserOut,
    VerifiedOut,
    VerifyEmail,
)
from shared.platform.http.call import SignedInCall
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["auth"], prefix="/v1/auth")


@router.post("/register", status_code=202, operation_id="register", responses=LIMITED)
async def register(body: NewUser, door: AtTheDoor) -> MessageOut:
    """Create an account. The answer is the same whether or not the address is taken; a letter says more."""
    await door.admit("register", body.email)
    password_hash = await hash_password(body.password)
    particulars = {"password_hash": password_hash, "first_name": body.first_name, "last_name": body.last_name}
    await _leave(door, "register", body.email, **particulars)
    return MessageOut(message="We have sent you an e-mail. Follow it to confirm your address.")


@router.post("/verify-email", operation_id="verifyEmail", responses=LIMITED)
async def verify_email(body: VerifyEmail, door: AtTheDoor) -> VerifiedOut:
    """Prove an e-mail address by the token from the letter."""
    await door.admit("verify_email")
    async with door.transaction() as session:
        await use_cases.verify_email(session, body.token, door.now)
    return VerifiedOut()


@router.post("/resend-verification", status_code=202, operation_id="resendVerification", responses=LIMITED)
async def resend_verification(body: ResendVerification, door: AtTheDoor) -> MessageOut:
    """Send the verification letter again. The answer is the same whether or not there is such an account."""
    await door.admit("resend_verification", body.email)
    await _leave(door, "resend_verification", body.email)
    return MessageOut(message="If this address waits for confirmation, we have sent an e-mail.")


@router.post("/forgot-password", status_code=202, operation_id="forgotPassword", responses=LIMITED)
async def forgot_password(body: ForgotPassword, door: AtTheDoor) -> MessageOut:
    """Ask for a letter to choose a new password. The answer is the same whether or not there is such an account."""
    await door.admit("forgot_password", body.email)
    await _leave(door, "reset_password", body.email)
    return MessageOut(message="If there is an account with this address, we have sent an e-mail.")


@router.post("/reset-password", operation_id="resetPassword", responses=LIMITED)
async def reset_password(body: ResetPassword, door: AtTheDoor) -> MessageOut:
    """Choose a new password by the token from the letter: once, and it ends all sessions everywhere."""
    await door.admit("reset_password")
    async with door.transaction() as session:
        await use_cases.usable_reset(session, body.token, door.now)
    password_hash = await hash_password(body.new_password)
    async with door.transaction() as session:
        reset, user = await use_cases.usable_reset(session, body.token, door.now)
        reset.used_at = door.now
        user.verified_at = user.verified_at or door.now
        await use_cases.set_password(session, door.box, user, password_hash, door.now)
        await sessions.end_all(session, user.id, "password_reset", door.now)
    return MessageOut(message="Your password is changed, and all sessions are ended. You can log in.")


@router.get("/me", operation_id="getMe")
async def get_me(call: SignedInCall) -> MeOut:
    """Who is calling, and to which organizations they belong."""
    user = await sessions.signed_in_user(call.session, call.claims)
    found = await memberships.of_user(call.session, call.user_id)
    return MeOut(
        user=UserOut.of(user),
        organizations=[OrganizationOfUser.of(*one) for one in found],
    )


async def _leave(door: AtTheDoor, kind: str, email: str, **particulars: str) -> None:
    async with door.transaction() as session:
        leave_request(session, kind, email, door, **particulars)
    door.runtime.wakeups.wake(DOORMAN)
