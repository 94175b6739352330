"""Registering, logging in and out over HTTP."""

from fastapi import Response

from services.identity.settings import Box
from services.identity.token import use_cases as tokens
from services.identity.token.rules import ACCESS_LIFETIME
from services.identity.user import use_cases
from services.identity.user.schemas import (
    Login,
    LoginOut,
    MeOut,
    MessageOut,
    NewUser,
    OrganizationOfUser,
    RefreshBody,
    ResendVerification,
    UserOut,
    VerifiedOut,
    VerifyEmail,
)
from services.identity.user.use_cases import SignedIn
from shared.platform.http.call import PublicCall, SignedInCall
from shared.platform.http.problems import from_error, problem_responses
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["auth"], prefix="/v1/auth")


@router.post("/register", status_code=202, operation_id="register")
async def register(body: NewUser, call: PublicCall, box: Box) -> MessageOut:
    """Create an account. The answer is the same whether or not the address is taken; a letter says more."""
    await use_cases.register(call.session, box, body, call.now)
    return MessageOut(message="We have sent you an e-mail. Follow it to confirm your address.")


@router.post("/verify-email", operation_id="verifyEmail")
async def verify_email(body: VerifyEmail, call: PublicCall) -> VerifiedOut:
    """Prove an e-mail address by the token from the letter."""
    await use_cases.verify_email(call.session, body.token, call.now)
    return VerifiedOut()


@router.post("/resend-verification", status_code=202, operation_id="resendVerification")
async def resend_verification(body: ResendVerification, call: PublicCall, box: Box) -> MessageOut:
    """Send the verification letter again. The answer is the same whether or not there is such an account."""
    await use_cases.resend_verification(call.session, box, body.email, call.now)
    return MessageOut(message="If this address waits for confirmation, we have sent an e-mail.")


@router.post("/login", operation_id="login", response_model=LoginOut, responses=problem_responses(429))
async def login(body: Login, call: PublicCall, box: Box) -> LoginOut | Response:
    """Log in: an access token for 15 minutes, a refresh token for 7 days, and your organizations."""
    try:
        signed_in = await use_cases.log_in(
            call.session, box, body.email, body.password, address=call.address, now=call.now
        )
    except use_cases.LoginRefused as refusal:
        # Answered, not raised: the count of failed logins is committed.
        return from_error(refusal)
    return _tokens(signed_in)


@router.post("/refresh-token", operation_id="refreshToken", response_model=LoginOut)
async def refresh_token(body: RefreshBody, call: PublicCall, box: Box) -> LoginOut | Response:
    """Trade a refresh token for fresh tokens. Each works once: using one twice ends the whole session."""
    try:
        return _tokens(await use_cases.refresh(call.session, box, body.refresh_token, call.now))
    except tokens.RefreshRefused as refusal:
        # Answered, not raised: the end of the session is committed.
        return from_error(refusal)


@router.post("/logout", status_code=204, operation_id="logout")
async def logout(body: RefreshBody, call: PublicCall) -> None:
    """End the session of a refresh token."""
    await tokens.end_session(call.session, body.refresh_token, call.now)


@router.get("/me", operation_id="getMe")
async def get_me(call: SignedInCall) -> MeOut:
    """Who is calling, and to which organizations they belong."""
    user = await use_cases.signed_in_user(call.session, call.user_id)
    found = await use_cases.organizations_of(call.session, call.user_id)
    return MeOut(
        user=UserOut.of(user),
        organizations=[OrganizationOfUser.of(*one) for one in found],
    )


def _tokens(signed_in: SignedIn) -> LoginOut:
    return LoginOut(
        user=UserOut.of(signed_in.user),
        organizations=[OrganizationOfUser.of(*one) for one in signed_in.organizations],
        access_token=signed_in.access_token,
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=signed_in.refresh_token,
    )
