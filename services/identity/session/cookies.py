"""Tokens as cookies, for web pages: scripts cannot read them, and other sites cannot send them along.

The access token goes to every path, with links from elsewhere too (Lax); the refresh token only to
``/v1/auth``, and only from our own pages (Strict).
"""

from fastapi import Request, Response

from services.identity.session.use_cases import SignedIn
from services.identity.token.rules import ACCESS_LIFETIME, REFRESH_LIFETIME
from shared.platform.auth.cookies import ACCESS_COOKIE, REFRESH_COOKIE, refuse_other_sites

REFRESH_PATH = "/v1/auth"


def set_cookies(response: Response, signed_in: SignedIn) -> None:
    """Give a page its tokens."""
    lifetime = int(ACCESS_LIFETIME.total_seconds())
    response.set_cookie(
        ACCESS_COOKIE, signed_in.access_token, max_age=lifetime, path="/", secure=True, httponly=True, samesite="lax"
    )
    response.set_cookie(
        REFRESH_COOKIE,
        signed_in.refresh_token,
        max_age=int(REFRESH_LIFETIME.total_seconds()),
        path=REFRESH_PATH,
        secure=True,
        httponly=True,
        samesite="strict",
    )


def drop_cookies(response: Response) -> None:
    """Take the tokens from a page."""
    response.delete_cookie(ACCESS_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    response.delete_cookie(REFRESH_COOKIE, path=REFRESH_PATH, secure=True, httponly=True, samesite="strict")


def refresh_cookie(request: Request) -> str | None:
    """The refresh token that a page of ours sends."""
    token = request.cookies.get(REFRESH_COOKIE)
    if token:
        refuse_other_sites(request)
    return token or None
