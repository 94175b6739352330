from typing import Any

import pytest
from sqlalchemy import text

from tests.service.identity.conftest import PASSWORD, FrontDesk
from tests.service.identity.test_organizations import founded

EMAIL = "ada@example.com"
LOGIN = {"email": EMAIL, "password": PASSWORD}


async def test_ones_own_sessions_are_listed_and_revoked(desk: FrontDesk) -> None:
    first = await desk.person(EMAIL)
    elsewhere = {"User-Agent": "Phone", "X-Forwarded-For": "203.0.113.9"}
    second = (await desk.post("/v1/auth/login", LOGIN, headers=elsewhere)).json()
    eve = await desk.person("eve@example.com")
    shown = (await desk.call("GET", "/v1/auth/sessions", first["access_token"])).json()["items"]
    assert [(one["current"], one["user_agent"], one["address"]) for one in shown] == [
        (False, "Phone", "203.0.113.9"),
        (True, shown[1]["user_agent"], "127.0.0.1"),
    ]
    phone = f"/v1/auth/sessions/{shown[0]['id']}"
    assert (await desk.call("DELETE", phone, eve["access_token"])).status_code == 404
    assert (await desk.call("DELETE", phone, first["access_token"])).status_code == 204
    assert (await desk.call("DELETE", phone, first["access_token"])).status_code == 404
    assert (await desk.call("GET", "/v1/auth/me", second["access_token"])).status_code == 401
    refused = await desk.post("/v1/auth/refresh-token", {"refresh_token": second["refresh_token"]})
    assert refused.status_code == 401
    assert len((await desk.call("GET", "/v1/auth/sessions", first["access_token"])).json()["items"]) == 1


async def test_a_refreshed_session_stays_one(desk: FrontDesk) -> None:
    session = await desk.person(EMAIL)
    for _ in range(3):
        answer = await desk.post("/v1/auth/refresh-token", {"refresh_token": session["refresh_token"]})
        session = answer.json()
    (shown,) = (await desk.call("GET", "/v1/auth/sessions", session["access_token"])).json()["items"]
    assert shown["current"]
    async with desk.house.database("identity").transaction() as database:
        await database.execute(text("UPDATE owned.refresh_tokens SET expires_at = now() - interval '1 s'"))
    late = await desk.post("/v1/auth/refresh-token", {"refresh_token": session["refresh_token"]})
    assert (late.status_code, late.json()["code"]) == (401, "refresh_refused")


async def test_logging_out_everywhere_ends_every_token_in_every_service(desk: FrontDesk) -> None:
    await desk.house.start("plans")
    owner, org = await founded(desk)
    desk.house.replicas["plans"][0].runtime.verifier = desk.house.replicas["identity"][0].runtime.verifier
    other = await desk.log_in(EMAIL)
    plans, path = desk.house.client("plans"), f"/v1/organizations/{org['id']}"

    async def status(token: str) -> int:
        return (await plans.get(f"{path}/ventures", headers={"Authorization": f"Bearer {token}"})).status_code

    assert (await status(owner), await status(other["access_token"])) == (200, 200)
    assert (await desk.post("/v1/auth/logout-all", None, owner)).status_code == 204
    fresh = await desk.log_in(EMAIL)
    for token in (owner, other["access_token"]):
        assert (await desk.call("GET", "/v1/auth/me", token)).status_code == 401
        assert (await desk.call("GET", path, token)).status_code == 401
    await desk.house.settle()
    assert (await status(owner), await status(other["access_token"])) == (401, 401)
    assert await status(fresh["access_token"]) == 200
    ended = await desk.post("/v1/auth/refresh-token", {"refresh_token": other["refresh_token"]})
    assert ended.status_code == 401


async def test_a_new_password_by_letter_ends_all_sessions(desk: FrontDesk) -> None:
    await founded(desk)
    session = await desk.log_in(EMAIL)
    asked = await desk.post("/v1/auth/forgot-password", {"email": "ADA@example.com"})
    unknown = await desk.post("/v1/auth/forgot-password", {"email": "nobody@example.com"})
    assert (asked.status_code, asked.json()) == (unknown.status_code, unknown.json()) == (202, asked.json())
    await desk.post("/v1/auth/forgot-password", {"email": EMAIL})
    first, second = await desk.token_for(EMAIL, 2), await desk.token_for(EMAIL, 3)
    reset = "/v1/auth/reset-password"
    for bad in ("short12", "Password1", "iloveyou1"):
        weak = await desk.post(reset, {"token": second, "new_password": bad})
        assert weak.status_code == 422
        assert bad not in weak.text
    wrong = await desk.post(reset, {"token": "nonsense", "new_password": "a whole new phrase"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "token_invalid")
    done = await desk.post(reset, {"token": second, "new_password": "a whole new phrase"})
    assert done.status_code == 200, done.text
    for token in (second, first):
        again = await desk.post(reset, {"token": token, "new_password": "yet another phrase"})
        assert (again.status_code, again.json()["code"]) == (422, "token_invalid")
    assert (await desk.post("/v1/auth/login", LOGIN)).status_code == 401
    assert (await desk.call("GET", "/v1/auth/me", session["access_token"])).status_code == 401
    refused = await desk.post("/v1/auth/refresh-token", {"refresh_token": session["refresh_token"]})
    assert refused.status_code == 401
    fresh = await desk.log_in(EMAIL, "a whole new phrase")
    assert len(fresh["organizations"]) == 1
    await desk.house.settle()
    assert not desk.letters("nobody@example.com")


async def test_a_letter_for_a_new_password_is_good_for_an_hour(desk: FrontDesk) -> None:
    await desk.person(EMAIL)
    await desk.post("/v1/auth/forgot-password", {"email": EMAIL})
    token = await desk.token_for(EMAIL, 2)
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.password_resets SET expires_at = now() - interval '1 s'"))
    late = await desk.post("/v1/auth/reset-password", {"token": token, "new_password": "a whole new phrase"})
    assert late.status_code == 422
    await desk.log_in(EMAIL)


async def test_web_pages_get_cookies_that_scripts_and_other_sites_cannot_use(
    desk: FrontDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEUP_PUBLIC_URL", "https://trueup.example")
    await desk.person(EMAIL)
    page = await desk.post("/v1/auth/login", LOGIN | {"cookies": True})
    assert (page.json()["access_token"], page.json()["refresh_token"]) == (None, None)
    access, refresh = sorted(page.headers.get_list("set-cookie"))
    for cookie, path, same_site in [(access, "/", "lax"), (refresh, "/v1/auth", "strict")]:
        parts = [part.strip() for part in cookie.split(";")]
        assert {"HttpOnly", "Secure", f"Path={path}", f"SameSite={same_site}"} <= set(parts)
    sent = {"Cookie": "; ".join(cookie.partition(";")[0] for cookie in (access, refresh))}
    desk.http.cookies.clear()

    async def call(method: str, path: str, **headers: str) -> Any:
        answer = await desk.call(method, path, headers=sent | headers)
        desk.http.cookies.clear()
        return answer

    assert (await call("GET", "/v1/auth/me")).status_code == 200
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
    ):
        for path in ("/v1/auth/refresh-token", "/v1/auth/logout", "/v1/auth/logout-all"):
            refused = await call("POST", path, **headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site"), (path, headers)
    again = await call("POST", "/v1/auth/refresh-token", **{"Sec-Fetch-Site": "same-origin"})
    assert (again.status_code, again.json()["refresh_token"]) == (200, None)
    assert len(again.headers.get_list("set-cookie")) == 2
    reused = await call("POST", "/v1/auth/refresh-token", Origin="https://trueup.example")
    assert (reused.status_code, reused.json()["code"]) == (401, "refresh_refused")
    gone = await call("POST", "/v1/auth/logout", **{"Sec-Fetch-Site": "same-origin"})
    assert gone.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in gone.headers.get_list("set-cookie"))
