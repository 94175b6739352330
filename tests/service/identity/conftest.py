import asyncio
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.identity.user import passwords
from shared.platform.auth.tokens import TokenVerifier
from tests.harness.house import SETTLE_S, House

PASSWORD = "correct horse battery"


async def eventually(true: Callable[[], bool]) -> None:
    """Wait until something is true, for longer than a letter is held."""
    async with asyncio.timeout(SETTLE_S):
        while not true():  # noqa: ASYNC110 - a file that comes tells nobody
            await asyncio.sleep(0.02)


class FrontDesk:
    """Identity as people meet it: over HTTP, and by letter."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.http = house.client("identity")

    async def post(self, path: str, body: Any, token: str | None = None, **options: Any) -> httpx2.Response:
        return await self.call("POST", path, token, json=body, **options)

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx2.Response:
        headers = options.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        return await self.http.request(method, path, headers=headers, **options)

    def letters(self, to: str) -> list[EmailMessage]:
        found = [
            message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(self.folder.glob("*.eml"))
        ]
        return [letter for letter in found if letter["To"] == to]

    async def token_for(self, to: str, count: int = 1) -> str:
        """The token of the newest of ``count`` letters."""

        await eventually(lambda: len(self.letters(to)) >= count)
        found = re.search(r"^Token: (\S+)$", self.letters(to)[-1].get_content(), re.MULTILINE)
        assert found
        return found.group(1)

    async def register(self, email: str, **given: Any) -> httpx2.Response:
        body = {"email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace"} | given
        return await self.post("/v1/auth/register", body)

    async def person(self, email: str) -> dict[str, Any]:
        """Somebody who has registered, confirmed the address and logged in."""
        before = len(self.letters(email))
        await self.register(email)
        verified = await self.post("/v1/auth/verify-email", {"token": await self.token_for(email, before + 1)})
        assert verified.status_code == 200, verified.text
        return await self.log_in(email)

    async def log_in(self, email: str, password: str = PASSWORD) -> dict[str, Any]:
        answer = await self.post("/v1/auth/login", {"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id with its least cost: the tests log in often."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    monkeypatch.setattr(passwords, "_hash_of_nobody", lambda: cheap.hash("a password that nobody has"))


@pytest.fixture
async def desk(quick_passwords, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FrontDesk:
    monkeypatch.setenv("TRUEUP_MAIL_DIR", str(tmp_path / "mail"))
    await house.start("identity")
    desk = FrontDesk(house, tmp_path / "mail")
    keys = await desk.http.get("/.well-known/jwks.json")
    assert keys.headers["cache-control"] == "public, max-age=300"
    house.replicas["identity"][0].runtime.verifier = TokenVerifier("", inline=keys.text)
    return desk
