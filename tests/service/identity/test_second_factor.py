import asyncio
from datetime import timedelta
from typing import Any

import pyotp
from sqlalchemy import select

from services.identity.second_factor.models import RecoveryCode, SecondFactor
from shared.kernel.clock import now
from tests.service.identity.conftest import PASSWORD, FrontDesk

EMAIL = "ada@example.com"
FACTOR = "/v1/auth/second-factor"


def code_of(secret: str, steps: int = 0) -> str:
    """The code of this moment; the next one (``steps`` 1) is good already, should a minute just be turning."""
    return pyotp.TOTP(secret).at(now() + timedelta(seconds=30 * steps))


async def with_factor(desk: FrontDesk) -> tuple[str, str, list[str]]:
    """Somebody with a second factor: (token, secret, recovery codes)."""
    token = (await desk.person(EMAIL))["access_token"]
    begun = await desk.post(FACTOR, {"password": PASSWORD}, token)
    assert begun.status_code == 201, begun.text
    secret = begun.json()["secret"]
    assert begun.json()["otpauth_url"].startswith("otpauth://totp/Trueup:ada%40example.com?secret=")
    await desk.log_in(EMAIL)
    confirmed = await desk.post(f"{FACTOR}/confirm", {"code": code_of(secret)}, token)
    assert confirmed.status_code == 200, confirmed.text
    return token, secret, confirmed.json()["recovery_codes"]


async def log_in(desk: FrontDesk, **code: Any) -> tuple[int, str | None]:
    answer = await desk.post("/v1/auth/login", {"email": EMAIL, "password": PASSWORD} | code)
    return answer.status_code, answer.json().get("code")


async def test_a_login_takes_a_code_and_each_code_once(desk: FrontDesk) -> None:
    _, secret, codes = await with_factor(desk)
    assert await log_in(desk) == (401, "second_factor_required")
    wrong_password = {"email": EMAIL, "password": "something else", "code": code_of(secret, 1)}
    answer = await desk.post("/v1/auth/login", wrong_password)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")
    older, right = code_of(secret), code_of(secret, 1)
    outcomes = await asyncio.gather(*(log_in(desk, code=right) for _ in range(4)))
    assert sorted(status for status, _ in outcomes) == [200, 401, 401, 401]
    assert await log_in(desk, code=older) == (401, "second_factor_wrong"), "older than the one used"
    assert await log_in(desk, code=code_of(secret, 20)) == (401, "second_factor_wrong")
    assert (await log_in(desk, code=codes[0].upper().replace("-", " ")))[0] == 200
    assert await log_in(desk, code=codes[0]) == (401, "second_factor_wrong")
    async with desk.house.database("identity").transaction() as session:
        factor = (await session.scalars(select(SecondFactor))).one()
        assert secret not in factor.sealed_secret
        kept = (await session.scalars(select(RecoveryCode.code_hash))).all()
        assert not set(kept) & {code.replace("-", "") for code in codes}


async def test_ten_wrong_codes_close_the_login(desk: FrontDesk) -> None:
    _, secret, _ = await with_factor(desk)
    for _ in range(10):
        assert await log_in(desk, code="000000") == (401, "second_factor_wrong")
    assert await log_in(desk, code=code_of(secret, 1)) == (429, "too_many_attempts")


async def test_a_change_takes_password_and_code(desk: FrontDesk) -> None:
    token, secret, codes = await with_factor(desk)
    state = await desk.call("GET", FACTOR, token)
    assert state.json() == {"active": True, "recovery_codes_left": 10}
    assert (await desk.post(FACTOR, {"password": PASSWORD}, token)).status_code == 409
    for body in (
        {"password": "something else", "code": codes[0]},
        {"password": PASSWORD, "code": "123456"},
        {"code": codes[0]},
    ):
        refused = await desk.post(f"{FACTOR}/disable", body, token)
        assert (refused.status_code, refused.json()["code"]) == (403, "prove_yourself")
    renewed = await desk.post(f"{FACTOR}/recovery-codes", {"password": PASSWORD, "code": codes[0]}, token)
    assert (renewed.status_code, len(set(renewed.json()["recovery_codes"]))) == (200, 10)
    assert await log_in(desk, code=codes[1]) == (401, "second_factor_wrong")
    disabled = await desk.post(f"{FACTOR}/disable", {"password": PASSWORD, "code": code_of(secret, 1)}, token)
    assert disabled.status_code == 204
    assert (await log_in(desk))[0] == 200
    assert (await desk.call("GET", FACTOR, token)).json() == {"active": False, "recovery_codes_left": 0}


async def test_an_unconfirmed_secret_changes_nothing(desk: FrontDesk) -> None:
    token = (await desk.person(EMAIL))["access_token"]
    assert (await desk.post(f"{FACTOR}/confirm", {"code": "123456"}, token)).status_code == 404
    assert (await desk.post(FACTOR, {"password": "something else"}, token)).status_code == 403
    first = (await desk.post(FACTOR, {"password": PASSWORD}, token)).json()["secret"]
    second = (await desk.post(FACTOR, {"password": PASSWORD}, token)).json()["secret"]
    wrong = await desk.post(f"{FACTOR}/confirm", {"code": code_of(first)}, token)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "code_wrong")
    assert (await log_in(desk))[0] == 200
    assert (await desk.post(f"{FACTOR}/confirm", {"code": code_of(second)}, token)).status_code == 200
    assert (await log_in(desk))[0] == 401
