"""Cookies of web pages: they carry the tokens, so a request from another site must not count.

A browser says where a request comes from: ``Sec-Fetch-Site`` (all current ones) or ``Origin``. A caller that
says neither is no browser, and was not tricked into calling.
"""

from fastapi import Request

from shared.kernel.errors import Forbidden
from shared.platform.settings import public_url

ACCESS_COOKIE = "__Host-trueup_access"
REFRESH_COOKIE = "__Secure-trueup_refresh"
_SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])
_OUR_OWN = frozenset(["same-origin", "none"])


class CrossSite(Forbidden):
    """The request came from a page of another site."""

    code = "cross_site"


def refuse_other_sites(request: Request) -> None:
    """Raise ``CrossSite`` when a browser says that a page of another site sends this mutation."""
    if request.method in _SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = site in _OUR_OWN if site is not None else origin in (None, public_url())
    if not ours:
        raise CrossSite("With a cookie, requests are taken from Trueup's own pages only; send a bearer token.")
