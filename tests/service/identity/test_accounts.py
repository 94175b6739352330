import asyncio
import time
from functools import cache
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, text

from services.identity.mail.models import Mail
from services.identity.token.models import RefreshToken, SigningKey
from services.identity.user import passwords
from services.identity.user.models import User
from shared.platform.auth.tokens import TokenVerifier
from shared.platform.secrets import SealBroken, SecretBox
from tests.harness.house import SETTLE_S
from tests.service.identity.conftest import PASSWORD, FrontDesk, eventually

EMAIL = "ada@example.com"


async def test_register_confirm_log_in(desk: FrontDesk) -> None:
    registered = await desk.register(EMAIL)
    assert (registered.status_code, list(registered.json())) == (202, ["message"])
    token = await desk.token_for(EMAIL)
    early = await desk.post("/v1/auth/login", {"email": EMAIL, "password": PASSWORD})
    assert (early.status_code, early.json()["code"]) == (403, "email_not_verified")
    wrong = await desk.post("/v1/auth/login", {"email": EMAIL, "password": "something else"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")
    assert (await desk.post("/v1/auth/verify-email", {"token": token})).json()["email_verified"] is True
    assert (await desk.post("/v1/auth/verify-email", {"token": token})).status_code == 200
    session = await desk.log_in("ADA@Example.com")
    assert (session["token_type"], session["expires_in"], session["organizations"]) == ("Bearer", 900, [])
    assert session["user"]["email"] == EMAIL
    me = await desk.call("GET", "/v1/auth/me", session["access_token"])
    assert me.json() == {"user": session["user"], "organizations": []}
    assert (await desk.call("GET", "/v1/auth/me")).status_code == 401
    assert (await desk.call("GET", "/v1/auth/me", session["access_token"][:-2])).status_code == 401


async def test_registering_a_taken_address_answers_the_same_and_sends_a_letter(desk: FrontDesk) -> None:
    await desk.person(EMAIL)
    again = await desk.register("Ada@EXAMPLE.com", password="another password")
    other = await desk.register("new@example.com")
    assert (again.status_code, again.json()) == (other.status_code, other.json())
    await eventually(lambda: len(desk.letters(EMAIL)) == 2)
    assert desk.letters(EMAIL)[-1]["Subject"] == "You already have a Trueup account"
    await desk.log_in(EMAIL)


async def test_five_registrations_at_once_make_one_user(desk: FrontDesk) -> None:
    answers = await asyncio.gather(*(desk.register(EMAIL) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {202}
    await desk.house.settle()
    async with desk.house.database("identity").transaction() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1


async def test_the_letter_can_be_sent_again_a_few_times(desk: FrontDesk) -> None:
    await desk.register(EMAIL)
    known, unknown = [
        [await desk.post("/v1/auth/resend-verification", {"email": email}) for _ in range(7)]
        for email in (EMAIL, "nobody@example.com")
    ]
    assert [answer.status_code for answer in known] == [202] * 5 + [429] * 2
    assert [answer.status_code for answer in unknown] == [202] * 5 + [429] * 2
    assert [answer.text for answer in known[:5]] == [answer.text for answer in unknown[:5]]
    assert 0 < int(known[-1].headers["retry-after"]) <= 901
    token = await desk.token_for(EMAIL, 5)
    await desk.house.settle()
    assert len(desk.letters(EMAIL)) == 5
    assert (await desk.post("/v1/auth/verify-email", {"token": token})).status_code == 200
    refused = await desk.post("/v1/auth/verify-email", {"token": "nonsense"})
    assert (refused.status_code, refused.json()["code"]) == (422, "token_invalid")


async def test_an_old_letter_does_not_count(desk: FrontDesk) -> None:
    await desk.register(EMAIL)
    token = await desk.token_for(EMAIL)
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.email_verifications SET expires_at = now() - interval '1 s'"))
    assert (await desk.post("/v1/auth/verify-email", {"token": token})).status_code == 422


async def test_refused_registrations(desk: FrontDesk) -> None:
    good: dict[str, Any] = {"email": EMAIL, "password": PASSWORD, "first_name": "A", "last_name": "B"}
    for change in [
        {"email": "no-address"},
        {"email": "a@b@c.de"},
        {"email": "a@nodot"},
        {"email": "x" * 250 + "@a.de"},
        {"email": "a\n@b.de"},
        {"email": None},
        {"password": "short12"},
        {"password": "password1"},
        {"password": EMAIL},
        {"password": "x" * 257},
        {"password": 12345678},
        {"first_name": ""},
        {"last_name": "a\r\nBcc: x@y.z"},
        {"is_admin": True},
    ]:
        answer = await desk.post("/v1/auth/register", good | change)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), change
        assert "short12" not in answer.text
    for name in good:
        assert (await desk.post("/v1/auth/register", {k: v for k, v in good.items() if k != name})).status_code == 422
    surrogate = b'{"email": "\\ud800", "password": "\\ud800"}'
    for path in ("login", "register"):
        answer = await desk.http.post(
            f"/v1/auth/{path}", content=surrogate, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422


async def test_company_domains_are_addresses_too(desk: FrontDesk) -> None:
    for email in ("ada@acme.local", "ada@acme.test", "ada+x@sub.example.com", "müller@bücher.example"):
        assert (await desk.register(email)).status_code == 202


async def test_ten_failed_logins_close_the_account_for_this_address_only(desk: FrontDesk) -> None:
    await desk.person(EMAIL)
    wrong = {"email": EMAIL, "password": "something else"}
    for _ in range(10):
        assert (await desk.post("/v1/auth/login", wrong)).status_code == 401
    closed = await desk.post("/v1/auth/login", wrong | {"password": PASSWORD})
    assert (closed.status_code, closed.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(closed.headers["retry-after"]) <= 900
    right = {"email": EMAIL, "password": PASSWORD}
    elsewhere = await desk.post("/v1/auth/login", right, headers={"X-Forwarded-For": "203.0.113.9"})
    assert elsewhere.status_code == 200
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.login_failures SET since = since - interval '16 minutes'"))
    await desk.log_in(EMAIL)


async def test_a_right_login_forgets_failures(desk: FrontDesk) -> None:
    await desk.person(EMAIL)
    for _ in range(3):
        for _ in range(8):
            await desk.post("/v1/auth/login", {"email": EMAIL, "password": "something else"})
        await desk.log_in(EMAIL)


async def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    desk: FrontDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = PasswordHash((Argon2Hasher(),))
    monkeypatch.setattr(passwords, "_hasher", lambda: slow)
    monkeypatch.setattr(passwords, "_hash_of_nobody", cache(lambda: slow.hash("a password that nobody has")))
    await desk.person(EMAIL)

    async def took(email: str) -> float:
        started = time.process_time()  # what others do on this machine meanwhile does not count
        answer = await desk.post("/v1/auth/login", {"email": email, "password": "something else"})
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
        return time.process_time() - started

    await took("nobody@example.com")
    known, unknown = min([await took(EMAIL) for _ in range(4)]), min([await took("b@example.com") for _ in range(4)])
    assert 0.5 < known / unknown < 2


async def test_refresh_tokens_rotate_and_a_copied_one_ends_the_session(desk: FrontDesk) -> None:
    first = await desk.person(EMAIL)
    second = (await desk.post("/v1/auth/refresh-token", {"refresh_token": first["refresh_token"]})).json()
    assert second["user"] == first["user"]
    assert (await desk.call("GET", "/v1/auth/me", second["access_token"])).status_code == 200
    copied = await desk.post("/v1/auth/refresh-token", {"refresh_token": first["refresh_token"]})
    assert (copied.status_code, copied.json()["code"]) == (401, "refresh_refused")
    ended = await desk.post("/v1/auth/refresh-token", {"refresh_token": second["refresh_token"]})
    assert ended.status_code == 401
    other = await desk.log_in(EMAIL)
    assert (await desk.post("/v1/auth/logout", {"refresh_token": other["refresh_token"]})).status_code == 204
    assert (await desk.post("/v1/auth/logout", {"refresh_token": "unknown"})).status_code == 204
    out = await desk.post("/v1/auth/refresh-token", {"refresh_token": other["refresh_token"]})
    assert out.status_code == 401


async def test_secrets_at_rest_are_hashes_or_sealed(desk: FrontDesk) -> None:
    person = await desk.person(EMAIL)
    await desk.house.settle()
    async with desk.house.database("identity").transaction() as session:
        user = (await session.scalars(select(User))).one()
        assert user.password_hash.startswith("$argon2id$")
        stored = (await session.scalars(select(RefreshToken))).one()
        assert person["refresh_token"] not in stored.token_hash
        (mail,) = await session.scalars(select(Mail))
        assert (mail.sealed_body, mail.attempts, mail.last_error) == (None, 0, None)
        key = (await session.scalars(select(SigningKey))).one()
        assert "d" not in key.public_jwk
        with pytest.raises(SealBroken):
            SecretBox(b"x" * 32).open(key.sealed_private_jwk, f"signing_key:{key.kid}")


async def test_two_replicas_share_one_key_and_the_letters(desk: FrontDesk) -> None:
    await desk.house.start("identity")
    second = desk.house.client("identity", replica=1)
    assert (await second.get("/.well-known/jwks.json")).json() == (await desk.http.get("/.well-known/jwks.json")).json()
    emails = [f"person{number}@example.com" for number in range(6)]
    await asyncio.gather(*(desk.register(email) for email in emails))
    for email in emails:
        await desk.token_for(email)
    await desk.house.settle()
    assert [len(desk.letters(email)) for email in emails] == [1] * 6


async def test_first_keys_made_at_once_are_one(desk: FrontDesk) -> None:
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.signing_keys SET retired_at = now()"))
    answers = await asyncio.gather(*(desk.http.get("/.well-known/jwks.json") for _ in range(8)))
    assert len({answer.text for answer in answers}) == 1
    assert len(answers[0].json()["keys"]) == 1
    desk.house.replicas["identity"][0].runtime.verifier = TokenVerifier("", inline=answers[0].text)
    person = await desk.person(EMAIL)
    assert (await desk.call("GET", "/v1/auth/me", person["access_token"])).status_code == 200


async def test_a_letter_that_cannot_be_sent_is_tried_again(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.folder.write_text("in the way")
    await desk.register(EMAIL)
    async with asyncio.timeout(SETTLE_S):
        tried = None
        while not tried:
            await asyncio.sleep(0.05)
            async with desk.house.database("identity").transaction() as session:
                tried = await session.scalar(select(Mail.last_error).where(Mail.attempts > 0))
    assert tried == "FileExistsError"
    desk.folder.unlink()
    await desk.token_for(EMAIL)
