"""Nothing at the front door tells whether an address has an account: not the words, not the work that is done."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from services.identity.door import doorman
from services.identity.door.rules import LIMITS
from services.identity.session import endpoints as session_endpoints
from services.identity.user import endpoints as user_endpoints
from tests.harness.house import SETTLE_S
from tests.service.identity.conftest import PASSWORD, FrontDesk

KNOWN, UNKNOWN = "ada@example.com", "bob@example.com"
PERSON = {"password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"}
ASKED = [
    ("login", {"password": "something else"}),
    ("login", {"password": "something else", "code": "123456"}),
    ("register", PERSON),
    ("forgot-password", {}),
    ("resend-verification", {}),
]


@contextmanager
def work_of(desk: FrontDesk, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement, transaction and hash of a request, in order."""
    done: list[str] = []
    engine = desk.house.database("identity").engine.sync_engine
    hash_password, verify_password = user_endpoints.hash_password, session_endpoints.verify_password

    def executed(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        done.append(statement)

    async def hashed(password: str) -> str:
        done.append("hash")
        return await hash_password(password)

    async def verified(password: str, password_hash: str | None) -> bool:
        done.append("verify")
        return await verify_password(password, password_hash)

    def committed(_connection: Any) -> None:
        done.append("commit")

    monkeypatch.setattr(user_endpoints, "hash_password", hashed)
    monkeypatch.setattr(session_endpoints, "verify_password", verified)
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        yield done
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "commit", committed)
        monkeypatch.setattr(user_endpoints, "hash_password", hash_password)
        monkeypatch.setattr(session_endpoints, "verify_password", verify_password)


@pytest.fixture
async def alone(desk: FrontDesk) -> FrontDesk:
    """A desk at which nothing happens but what is asked for: no worker, no relay; the account is there."""
    await desk.person(KNOWN)
    await desk.house.settle()
    house = desk.house
    await house.stop("identity")
    await house.start("identity", roles=("http",))
    return FrontDesk(house, desk.folder)


@pytest.mark.parametrize(
    ("path", "body"), ASKED, ids=lambda value: value if isinstance(value, str) else str(len(value))
)
async def test_a_known_and_an_unknown_address_get_the_same_answer_for_the_same_work(
    alone: FrontDesk, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    answers, works = [], []
    for email in (KNOWN, UNKNOWN, KNOWN, UNKNOWN):
        with work_of(alone, monkeypatch) as work:
            answer = await alone.post(f"/v1/auth/{path}", body | {"email": email})
        answers.append((answer.status_code, answer.text, sorted(set(answer.headers) - {"date"})))
        works.append(list(work))
    assert answers[2] == answers[3]
    assert works[2] == works[3]
    assert works[2].count("commit") >= 2
    assert ("verify" in works[2]) is (path == "login")
    assert ("hash" in works[2]) is (path == "register")


async def test_a_password_is_hashed_outside_of_every_transaction(
    alone: FrontDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = alone.house.database("identity").engine.pool
    busy: list[int] = []
    hash_password, verify_password = user_endpoints.hash_password, session_endpoints.verify_password

    async def hashed(password: str) -> str:
        busy.append(pool.checkedout())
        return await hash_password(password)

    async def verified(password: str, password_hash: str | None) -> bool:
        busy.append(pool.checkedout())
        return await verify_password(password, password_hash)

    monkeypatch.setattr(user_endpoints, "hash_password", hashed)
    monkeypatch.setattr(session_endpoints, "verify_password", verified)
    await alone.post("/v1/auth/register", PERSON | {"email": UNKNOWN})
    await alone.post("/v1/auth/login", {"email": KNOWN, "password": PASSWORD})
    assert busy == [0, 0]


async def test_every_operation_without_a_token_has_its_limit_for_all_replicas(
    desk: FrontDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.house.start("identity")
    clients = [desk.house.client("identity", replica=replica) for replica in (0, 1)]
    monkeypatch.setenv("TRUEUP_RATE_LIMIT_FACTOR", "0.01")
    token = {"token": "x"}
    bodies: dict[str, dict[str, Any]] = {
        "register": PERSON | {"email": UNKNOWN},
        "verify-email": token,
        "resend-verification": {"email": UNKNOWN},
        "login": {"email": UNKNOWN, "password": "x"},
        "refresh-token": {"refresh_token": "x"},
        "logout": {"refresh_token": "x"},
        "forgot-password": {"email": UNKNOWN},
        "reset-password": token | {"new_password": PASSWORD},
    }
    others = {"jwks", "invitation", "provider_login"}
    assert {path.replace("-", "_") for path in bodies} | others == set(LIMITS)
    for path, body in bodies.items():
        limit = LIMITS[path.replace("-", "_")]
        allowed = int(min(number for number in (limit.address, limit.account, limit.account_address) if number) * 0.01)
        for number in range(allowed + 1):
            answer = await clients[number % 2].post(f"/v1/auth/{path}", json=body)
            assert (answer.status_code == 429) is (number == allowed), (path, number, answer.text)
        assert 0 < int(answer.headers["retry-after"]) <= 901
        if limit.account is None:
            headers = {"X-Forwarded-For": "203.0.113.7"}
            elsewhere = await clients[0].post(f"/v1/auth/{path}", json=body, headers=headers)
            assert elsewhere.status_code != 429, path
    direct = [(await clients[0].get("/.well-known/jwks.json")).status_code for _ in range(32)]
    assert set(direct) == {200}, "services are not kept waiting"
    outside = {"X-Forwarded-For": "203.0.113.8"}
    answers = [await clients[0].get("/.well-known/jwks.json", headers=outside) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [200] * 30 + [429]


async def test_windows_that_are_over_are_forgotten(desk: FrontDesk) -> None:
    await desk.register(KNOWN)
    async with desk.house.database("identity").transaction() as session:
        await session.execute(text("UPDATE owned.request_counts SET since = since - interval '16 minutes'"))
    task = asyncio.create_task(doorman.run_doorman(desk.house.replicas["identity"][0].runtime))
    try:
        async with asyncio.timeout(SETTLE_S):
            left = 1
            while left:
                await asyncio.sleep(0.05)
                async with desk.house.database("identity").transaction() as session:
                    left = await session.scalar(text("SELECT count(*) FROM owned.request_counts")) or 0
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_request_that_cannot_be_carried_out_holds_up_no_other(desk: FrontDesk) -> None:
    async with desk.house.database("identity").transaction() as session:
        await session.execute(
            text(
                "INSERT INTO owned.door_requests"
                " (id, kind, email, password_hash, first_name, last_name, address, created_at)"
                " VALUES (gen_random_uuid(), 'register', repeat('x', 9000), 'x', 'x', 'x', '', '2020-01-01')"
            )
        )
    await desk.register(KNOWN)
    await desk.token_for(KNOWN)
    await desk.house.settle()
