"""Logging in with a provider of OpenID Connect that runs here: discovery, authorization, token, keys."""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.service.identity.conftest import PASSWORD, FrontDesk
from tests.service.identity.test_organizations import founded

EMAIL = "ada@corp.example"
CLIENT, SECRET = "trueup-client", "the client's secret"
CALLBACK = "https://trueup.example/v1/auth/providers/corp/callback"


class CorporateLogin:
    """The smallest honest provider; ``claims`` overrides what it says, ``person`` is who sits at the browser."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "corp-1", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, str]] = {}
        self.claims: dict[str, Any] = {}
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.discovery)
        app.router.add_get("/keys", self.keys)
        app.router.add_post("/token", self.token)
        self.server = TestServer(app)

    @property
    def issuer(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    async def discovery(self, _request: web.Request) -> web.Response:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return web.json_response(
            {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in endpoints.items()}
        )

    async def keys(self, _request: web.Request) -> web.Response:
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    def authorize(self, url: str) -> tuple[str, str]:
        """What the provider's page does once the person agreed: (code, state) for the browser's way back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (query["response_type"], query["client_id"], query["redirect_uri"]) == ("code", CLIENT, CALLBACK)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return code, query["state"]

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        query = self.codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).decode()
        right = (
            query is not None
            and query["code_challenge"] == challenge.rstrip("=")
            and (form["client_id"], form["client_secret"], form["redirect_uri"]) == (CLIENT, SECRET, CALLBACK)
        )
        if not right or query is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "u-1",
            "exp": int(time.time()) + 60,
            "nonce": query["nonce"],
            "email": EMAIL,
            "email_verified": True,
            "given_name": "Ada",
            "family_name": "Lovelace",
        }
        key = self.claims.pop("key", self.key)
        token = jwt.encode({"alg": "RS256", "kid": "corp-1"}, claims | self.claims, key)
        return web.json_response({"id_token": token, "access_token": "unused", "token_type": "Bearer"})


@pytest.fixture
async def corp(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CorporateLogin]:
    provider = CorporateLogin()
    await provider.server.start_server()
    settings = {"issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, "title": "Corp"}
    monkeypatch.setenv("TRUEUP_OIDC_PROVIDERS", orjson.dumps({"corp": settings}).decode())
    monkeypatch.setenv("TRUEUP_PUBLIC_URL", "https://trueup.example")
    yield provider
    await provider.server.close()


def cookies_of(answer: httpx2.Response) -> dict[str, str]:
    pairs = [header.partition(";")[0].partition("=") for header in answer.headers.get_list("set-cookie")]
    return {name: value for name, _, value in pairs}


async def get(desk: FrontDesk, path: str, cookies: dict[str, str] | None = None, **query: str) -> httpx2.Response:
    desk.http.cookies.clear()
    sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    answer = await desk.http.get(f"/v1/auth/{path}", params=query, headers=sent)
    desk.http.cookies.clear()
    return answer


async def there_and_back(desk: FrontDesk, corp: CorporateLogin, **query: str) -> httpx2.Response:
    begun = await get(desk, "providers/corp/login", **query)
    assert begun.status_code == 303, begun.text
    code, state = corp.authorize(begun.headers["location"])
    return await get(desk, "providers/corp/callback", cookies_of(begun), code=code, state=state)


async def test_somebody_new_logs_in_and_comes_back_to_their_page(desk: FrontDesk, corp: CorporateLogin) -> None:
    (offered,) = (await get(desk, "providers")).json()["items"]
    assert offered == {"name": "corp", "title": "Corp", "login_url": "/v1/auth/providers/corp/login"}
    back = await there_and_back(desk, corp, return_to="/dashboard?tab=1")
    assert (back.status_code, back.headers["location"]) == (303, "https://trueup.example/dashboard?tab=1")
    cookies = cookies_of(back)
    me = (await get(desk, "me", cookies)).json()
    assert (me["user"]["email"], me["user"]["first_name"], me["user"]["email_verified"]) == (EMAIL, "Ada", True)
    (session,) = (await get(desk, "sessions", cookies)).json()["items"]
    assert session["method"] == "provider"
    corp.claims = {"email": "renamed@corp.example"}
    again = (await get(desk, "me", cookies_of(await there_and_back(desk, corp)))).json()
    assert again["user"]["id"] == me["user"]["id"], "the subject is who it is, whatever the address"
    refused = await desk.post("/v1/auth/login", {"email": EMAIL, "password": "!"})
    assert refused.status_code == 401, "an account without a password has none"
    await desk.post("/v1/auth/forgot-password", {"email": EMAIL})
    token = await desk.token_for(EMAIL)
    await desk.post("/v1/auth/reset-password", {"token": token, "new_password": PASSWORD})
    assert (await desk.log_in(EMAIL))["user"]["id"] == me["user"]["id"]


async def test_a_known_address_is_the_same_person(desk: FrontDesk, corp: CorporateLogin) -> None:
    _, org = await founded(desk, EMAIL)
    cookies = cookies_of(await there_and_back(desk, corp))
    me = (await get(desk, "me", cookies)).json()
    assert [one["id"] for one in me["organizations"]] == [org["id"]]
    await desk.log_in(EMAIL)


async def test_who_registered_somebody_elses_address_gains_nothing(desk: FrontDesk, corp: CorporateLogin) -> None:
    await desk.register(EMAIL, first_name="Mallory")
    await desk.token_for(EMAIL)
    cookies = cookies_of(await there_and_back(desk, corp))
    assert (await get(desk, "me", cookies)).status_code == 200
    trap = await desk.post("/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert (trap.status_code, trap.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"]},
        {"iss": "https://evil.example"},
        {"nonce": "of another login"},
        {"exp": 1},
        {"email_verified": False},
        {"email": None},
        {"sub": ""},
        {"key": RSAKey.generate_key(2048, {"kid": "corp-1"})},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_what_does_not_fit_is_not_believed(desk: FrontDesk, corp: CorporateLogin, claims: dict[str, Any]) -> None:
    corp.claims = dict(claims)
    refused = await there_and_back(desk, corp)
    assert (refused.status_code, refused.json()["code"]) == (403, "provider_refused")
    assert "set-cookie" not in refused.headers
    assert SECRET not in refused.text


async def test_a_way_back_is_for_the_browser_that_left_and_once(desk: FrontDesk, corp: CorporateLogin) -> None:
    begun = await get(desk, "providers/corp/login", return_to="//evil.example/")
    code, state = corp.authorize(begun.headers["location"])
    for cookies in ({}, {"__Host-trueup_login": "another"}):
        stolen = await get(desk, "providers/corp/callback", cookies, code=code, state=state)
        assert (stolen.status_code, stolen.json()["code"]) == (403, "provider_refused")
    back = await get(desk, "providers/corp/callback", cookies_of(begun), code=code, state=state)
    assert back.headers["location"] == "https://trueup.example/", "to our own pages only"
    twice = await get(desk, "providers/corp/callback", cookies_of(begun), code=code, state=state)
    assert twice.status_code == 403
    begun = await get(desk, "providers/corp/login")
    _, state = corp.authorize(begun.headers["location"])
    for query in ({"state": state, "error": "access_denied"}, {"state": state, "code": "nonsense"}):
        denied = await get(desk, "providers/corp/callback", cookies_of(begun), **query)
        assert denied.status_code == 403
    assert (await get(desk, "providers/nobody/login")).status_code == 404
    await corp.server.close()
    assert (await get(desk, "providers/corp/callback", {}, code="x", state="x")).status_code == 403
