"""Logging in and out, and one's own sessions, over HTTP."""

from uuid import UUID

from fastapi import Request, Response

from services.identity.door.entrance import LIMITED, AtTheDoor
from services.identity.session import login as logins
from services.identity.session import store, use_cases
from services.identity.session.cookies import drop_cookies, refresh_cookie, set_cookies
from services.identity.session.models import Session
from services.identity.session.schemas import Login, LoginOut, RefreshBody, SessionOut
from services.identity.session.use_cases import RefreshRefused, SignedIn, Visit
from services.identity.token.rules import ACCESS_LIFETIME
from services.identity.user.passwords import verify_password
from services.identity.user.schemas import OrganizationOfUser, UserOut
from shared.platform.http.call import SignedInCall
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import PublicRouter

router = PublicRouter(tags=["auth"], prefix="/v1/auth")


@router.post("/login", operation_id="login", responses=LIMITED)
async def login(body: Login, door: AtTheDoor, response: Response) -> LoginOut:
    """Log in: an access token for 15 minutes, a refresh token for 7 days, and your organizations.

    With a second factor, the answer to the password alone is 401 `second_factor_required`; send `code` as well.
    """
    await door.admit("login", body.email)
    async with door.transaction() as session:
        attempt = await logins.look_up(session, body.email, door.address, door.now, code=body.code)
    right = await verify_password(body.password, attempt.password_hash)
    visit = Visit(door.address, door.user_agent)
    async with door.transaction() as session:
        outcome = (
            await logins.settle(session, door.box, attempt, visit, door.now)
            if right
            else await logins.failed(session, attempt, door.now)
        )
    if isinstance(outcome, logins.LoginRefused):
        raise outcome
    return answer(outcome, response, cookies=body.cookies)


@router.post("/refresh-token", operation_id="refreshToken", responses=LIMITED)
async def refresh_token(
    request: Request, door: AtTheDoor, response: Response, body: RefreshBody | None = None
) -> LoginOut:
    """Trade a refresh token for fresh tokens. Each works once: using one twice ends the whole session."""
    await door.admit("refresh_token")
    given = body.refresh_token if body else None
    token = given or refresh_cookie(request)
    if token is None:
        raise RefreshRefused("Send the refresh token, or the cookie that holds it.")
    async with door.transaction() as session:
        visit = Visit(door.address, door.user_agent)
        outcome = await use_cases.refresh(session, door.box, token, visit, door.now)
    if isinstance(outcome, RefreshRefused):
        raise outcome
    return answer(outcome, response, cookies=given is None)


@router.post("/logout", status_code=204, operation_id="logout", responses=LIMITED)
async def logout(request: Request, door: AtTheDoor, response: Response, body: RefreshBody | None = None) -> None:
    """End the session of a refresh token (from the body, or the cookie); the cookies go."""
    await door.admit("logout")
    token = (body.refresh_token if body else None) or refresh_cookie(request)
    if token is not None:
        async with door.transaction() as session:
            await use_cases.log_out(session, token, door.now)
    drop_cookies(response)


@router.post("/logout-all", status_code=204, operation_id="logoutEverywhere")
async def logout_everywhere(call: SignedInCall, response: Response) -> None:
    """End all your sessions: no refresh token counts any more, and within a second no access token either."""
    await use_cases.signed_in_user(call.session, call.claims)
    await use_cases.end_all(call.session, call.user_id, "logout_everywhere", call.now)
    drop_cookies(response)


@router.get("/sessions", operation_id="listSessions")
async def list_sessions(call: SignedInCall, page: PageQuery) -> Page[SessionOut]:
    """Your sessions that have not ended, newest first."""
    await use_cases.signed_in_user(call.session, call.claims)
    return await paginate(
        call.session,
        store.living(call.user_id, call.now),
        page,
        by=[Session.started_at.desc(), Session.id.desc()],
        into=lambda one: SessionOut.of(one, call.claims.session_id),
    )


@router.delete("/sessions/{session_id}", status_code=204, operation_id="revokeSession")
async def revoke_session(session_id: UUID, call: SignedInCall) -> None:
    """End one of your sessions. Its access token counts until it expires, 15 minutes at most."""
    await use_cases.signed_in_user(call.session, call.claims)
    await use_cases.end_one(call.session, call.user_id, session_id, call.now)


def answer(signed_in: SignedIn, response: Response, *, cookies: bool) -> LoginOut:
    """The tokens, in the body or as cookies."""
    if cookies:
        set_cookies(response, signed_in)
    return LoginOut(
        user=UserOut.of(signed_in.user),
        organizations=[OrganizationOfUser.of(*one) for one in signed_in.organizations],
        access_token=None if cookies else signed_in.access_token,
        expires_in=int(ACCESS_LIFETIME.total_seconds()),
        refresh_token=None if cookies else signed_in.refresh_token,
    )
