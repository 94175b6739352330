"""At the front door too: a commit that fails is told, changes nothing, and the same request works afterwards."""

from typing import Any

import httpx2

from tests.service.identity.conftest import PASSWORD, FrontDesk
from tests.service.identity.test_second_factor import FACTOR, code_of
from tests.service.platform.test_commit import AT_THE_DOOR, Records, documented, told

EMAIL = "ada@example.com"
LOGIN = {"email": EMAIL, "password": PASSWORD}


class Stumbling:
    """A person each of whose requests meets a failing commit first."""

    def __init__(self, desk: FrontDesk, records: Records) -> None:
        self._desk = desk
        self._records = records
        self.asked: set[tuple[str, str]] = set()

    async def call(
        self, method: str, path: str, body: Any = None, *, token: str | None = None, like: str = ""
    ) -> httpx2.Response:
        """What the second try is answered; ``like`` is the path as it is documented, where it differs."""
        with self._records.trouble():
            told(await self._desk.call(method, f"{AT_THE_DOOR}{path}", token, json=body))
        self.asked.add((method, f"{AT_THE_DOOR}{like or path}"))
        done = await self._desk.call(method, f"{AT_THE_DOOR}{path}", token, json=body)
        assert done.is_success, f"{path}: {done.status_code} {done.text}"
        return done

    async def post(self, path: str, body: Any = None, token: str | None = None) -> httpx2.Response:
        return await self.call("POST", path, body, token=token)

    async def log_in(self, **more: str) -> dict[str, Any]:
        return (await self.post("login", LOGIN | more)).json()


async def test_every_mutating_operation_of_the_door_is_told_and_works_at_the_second_try(desk: FrontDesk) -> None:
    with Records(desk.house, "identity", spared="request_counts") as records:
        ada = Stumbling(desk, records)
        await ada.post("register", LOGIN | {"first_name": "Ada", "last_name": "Lovelace"})
        await desk.token_for(EMAIL)
        await ada.post("resend-verification", {"email": EMAIL})
        await ada.post("verify-email", {"token": await desk.token_for(EMAIL, 2)})
        await ada.post("forgot-password", {"email": EMAIL})
        reset = {"token": await desk.token_for(EMAIL, 3), "new_password": PASSWORD}
        await ada.post("reset-password", reset)

        session = await ada.log_in()
        assert records.count("owned.sessions") == 1
        session = (await ada.post("refresh-token", {"refresh_token": session["refresh_token"]})).json()
        token = session["access_token"]
        secret = (await ada.post("second-factor", {"password": PASSWORD}, token)).json()["secret"]
        confirmed = await ada.post("second-factor/confirm", {"code": code_of(secret)}, token)
        codes = confirmed.json()["recovery_codes"]
        proven = {"password": PASSWORD, "code": codes[0]}
        codes = (await ada.post("second-factor/recovery-codes", proven, token)).json()["recovery_codes"]
        assert (await ada.log_in(code=codes[0]))["access_token"]
        await ada.post("second-factor/disable", {"password": PASSWORD, "code": codes[1]}, token)
        assert (await desk.call("GET", FACTOR, token)).json()["active"] is False

        shown = (await desk.call("GET", f"{AT_THE_DOOR}sessions", token)).json()["items"]
        (other,) = [one["id"] for one in shown if not one["current"]]
        await ada.call("DELETE", f"sessions/{other}", token=token, like="sessions/{session_id}")
        await ada.post("logout", {"refresh_token": session["refresh_token"]})
        await ada.post("logout-all", token=(await ada.log_in())["access_token"])
        assert records.count("owned.sessions", "ended_at IS NULL") == 0
    at_the_door = {(method, path) for method, path in documented("identity") if path.startswith(AT_THE_DOOR)}
    assert ada.asked == at_the_door
