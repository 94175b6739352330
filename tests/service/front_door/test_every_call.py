"""Every operation of the merged document with its own example: repeated with a key, held against a version, re-read.

An operation that is added later is walked as well. When it refuses its example, say a better one where the body is
declared, or what has to be there before in ``stage.py``.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from services.identity.user import passwords
from shared.platform.auth.tokens import TokenVerifier
from shared.platform.http.idempotency import MUTATING
from shared.platform.http.problems import MEDIA_TYPE
from tests.harness.engines import NATS_PASSWORD
from tests.harness.house import House
from tests.harness.operations import OPERATIONS, Operation
from tests.service.front_door.stage import Caller, Ground, Stage, said
from tests.service.identity.conftest import FrontDesk
from trueup.databases import services_with_database
from trueup.engines.nats import NatsServer

GIVES_UP = {"transferOwnership"}
"""Who has done it has the right to it no more, nor to its answer."""
NO_DEEDS = {"readNotification", "unreadNotification", "readAllNotifications"}
"""What somebody has read is nobody's business: it is not in the audit log."""
REPLAYED = "idempotency-replayed"


def takes(operation: Operation, header: str) -> bool:
    return any(each["name"].lower() == header for each in said(operation).get("parameters", []))


def named(operations: list[Operation]) -> Any:
    return pytest.mark.parametrize("operation", operations, ids=str)


REPEATABLE = [each for each in OPERATIONS if each.method in MUTATING and takes(each, "idempotency-key")]
TAGGED = [each for each in OPERATIONS if takes(each, "if-none-match") and each.id != "getReportPdf"]


@pytest.fixture(scope="module")
async def stage(postgres_url: str, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    letters: Path = tmp_path_factory.mktemp("mail")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUEUP_MAIL_DIR", str(letters))
        patch.setenv("TRUEUP_RATE_LIMIT_FACTOR", "1000")
        patch.setattr(passwords, "_hasher", lambda: cheap)
        patch.setattr(passwords, "_hash_of_nobody", lambda: cheap.hash("a password that nobody has"))
        async with House(postgres_url, nats.url, NATS_PASSWORD) as house:
            await house.start(*services_with_database())
            desk = FrontDesk(house, letters)
            keys = (await desk.http.get("/.well-known/jwks.json")).text
            for replicas in house.replicas.values():
                replicas[0].runtime.verifier = TokenVerifier("", inline=keys)
            yield Stage(house, desk)


@pytest.fixture(scope="module")
async def owner(stage: Stage) -> Caller:
    return await stage.person()


@pytest.fixture(scope="module")
async def rival(stage: Stage) -> Ground:
    """Another organization."""
    return await stage.ground()


async def ground_for(stage: Stage, operation: Operation, owner: Caller) -> Ground:
    """A new organization; what concerns a person gets a new person as well."""
    return await stage.ground(owner if operation.needs is not None else None)


def answered(operation: Operation, answer: httpx2.Response) -> httpx2.Response:
    """It says what it documents, and a problem as problems are."""
    assert answer.status_code in operation.statuses, f"{answer.status_code} is not documented: {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == MEDIA_TYPE
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:trueup:problem:{problem['code']}"
        assert problem["title"]
        assert problem["detail"]
    return answer


@dataclass
class Request:
    """A call of an operation that succeeds, in an organization of its own."""

    stage: Stage
    operation: Operation
    ground: Ground
    path: str
    body: Any
    id: str = field(default_factory=lambda: str(uuid4()))

    async def send(self, who: Caller | None = None, **given: str) -> httpx2.Response:
        """Send it, with headers; its answer is one that the document has."""
        answer = await self.stage.call(self.operation, self.path, who or self.ground.owner, self.body, **given)
        return answered(self.operation, answer)

    async def send_other(self, **given: str) -> httpx2.Response:
        """Another request to the same place."""
        path = f"{self.path}{'&' if '?' in self.path else '?'}other=1"
        body = {"another": "body"} if self.body is not None else None
        answer = await self.stage.call(self.operation, path, self.ground.owner, body, **given)
        return answered(self.operation, answer)

    def rows(self) -> dict[str, Any]:
        return self.stage.rows(self.operation.service, self.ground.id)


@named(REPEATABLE)
async def test_it_acts_once_and_on_what_its_caller_has_seen(
    stage: Stage, owner: Caller, rival: Ground, operation: Operation
):
    ground = await ground_for(stage, operation, owner)
    request = Request(stage, operation, ground, *await ground.prepare(operation))
    stored = request.rows()
    seen = await refused_when_stale(request) if takes(operation, "if-match") else {}
    await acts_once(request, {"Idempotency_Key": operation.id} | seen)
    await is_told_once(request, stored)
    stranger = replace(request, path=request.path.replace(ground.id, rival.id))
    answer = await stranger.send(rival.owner, Idempotency_Key=operation.id)
    assert REPLAYED not in answer.headers
    assert answer.status_code != 409 or answer.json()["code"] != "idempotency_key_reused"


async def refused_when_stale(request: Request) -> dict[str, str]:
    """A version that is not the current one changes nothing; gives the header with the current one."""
    stored = request.rows()
    stale = await request.send(If_Match='"999999"', X_Request_Id=request.id)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version"), stale.text
    assert (await request.send(If_Match="yesterday")).status_code == 422
    assert request.rows() == stored, "a refused change changed something"
    return {"If_Match": f'"{stale.json()["current_version"]}"'}


async def acts_once(request: Request, headers: dict[str, str]) -> None:
    """However often the same key and body come, at once or later; another body with the key is refused."""
    headers = {**headers, "X_Request_Id": request.id}
    answers = await asyncio.gather(*(request.send(**headers) for _ in range(3)))
    acted = [each for each in answers if REPLAYED not in each.headers]
    first = acted[0]
    assert first.status_code < 300, f"{request.operation.id} refuses its example: {first.status_code} {first.text}"
    assert len(acted) == 1, f"it acted {len(acted)} times"
    await request.stage.house.settle()
    stored = request.rows()
    repeated = await request.send(**headers)
    if request.operation.id in GIVES_UP:
        assert repeated.status_code == 403
        repeated = first
    for again in (*answers, repeated):
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers.get("content-type") == first.headers.get("content-type")
    assert request.rows() == stored, "a repetition changed something"
    other = await request.send_other(**headers)
    if request.operation.id not in GIVES_UP:
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def is_told_once(request: Request, before: dict[str, Any]) -> None:
    """However often it was sent: if it did anything, the audit log has it once, for the organization concerned."""
    await request.stage.house.settle()
    operation, who = request.operation, request.ground.owner
    told = request.stage.deeds(request.id)
    if not told:
        assert operation.id in NO_DEEDS or request.rows() == before, "what it changed is not in the audit log"
        return
    assert {deed[1:] for deed in told} == {(operation.service, operation.id, who.id, True)}
    assert len({deed[0] for deed in told}) == len(told)
    if operation.needs is not None:
        assert [deed[0] for deed in told] == [request.ground.id]


@named(TAGGED)
async def test_what_has_not_changed_is_not_sent_again(stage: Stage, furnished: Ground, operation: Operation):
    path = await furnished.path(operation)
    caller = furnished.owner if operation.takes_token else None
    for _attempt in range(50):
        first = await stage.call(operation, path, caller)
        assert first.status_code == 200, f"{operation.id} {path}: {first.status_code} {first.text}"
        tag = first.headers["etag"]
        again = await stage.call(operation, path, caller, If_None_Match=f'"other", {tag}')
        if again.headers["etag"] == tag:
            break
        await asyncio.sleep(0.1)  # a job's run changes by itself until it is done
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await stage.call(operation, path, caller, If_None_Match='"other"')).status_code == 200


@pytest.fixture(scope="module")
async def furnished(stage: Stage) -> Ground:
    return await stage.ground()


@named(list(OPERATIONS))
async def test_what_cannot_be_taken_is_a_problem(stage: Stage, furnished: Ground, operation: Operation):
    """A body that is too large, one that is none, ids that are none."""
    caller = furnished.owner if operation.takes_token else None
    nothing = dict.fromkeys(operation.parameters, "no-id")
    answer = await stage.call(operation, operation.path("no-id", nothing), caller)
    assert answered(operation, answer).status_code != 304
    if operation.takes_body and operation.template.startswith("/v1/"):
        path = operation.path(furnished.id, {name: str(furnished.id) for name in operation.parameters})
        large = b'{"a": "' + b"a" * 2**20 + b'"}'
        assert answered(operation, await stage.call(operation, path, caller, large)).status_code == 413
        for broken in (b"{", b"[]", b'"text"', b"\xff"):
            answer = answered(operation, await stage.call(operation, path, caller, broken))
            assert 400 <= answer.status_code < 500
