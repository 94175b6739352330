"""The front door: everything the demo does, it does over HTTP through the gateway, as any client would."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from time import monotonic, time
from typing import Any, TypeVar

import aiohttp
import orjson

from trueup.demo.mailbox import VERIFY, Mailbox
from trueup.stripe_double import Json, sign

Found = TypeVar("Found")
PATIENCE_S = 90.0
"""A letter or an errand of a process that was killed is held for a minute."""
DELIVERY_PATIENCE_S = 90.0
LONGEST_PAUSE_S = 2.0
NOT_YET = (404, 503)
"""What a service answers to who names something that it has not heard of yet."""


class DemoError(RuntimeError):
    """Something that should have worked did not."""


class Refused(DemoError):
    """An answer that is not the expected one: the problem's own words."""

    def __init__(self, method: str, path: str, status: int, body: Any) -> None:
        detail = body.get("detail", body) if isinstance(body, dict) else body
        errors = f" {body['errors']}" if isinstance(body, dict) and body.get("errors") else ""
        super().__init__(f"{method} {path} was answered {status}: {detail}{errors}")
        self.status = status
        self.problem = body if isinstance(body, dict) else {}


@dataclass
class Person:
    """Somebody with a login."""

    email: str
    password: str
    first_name: str
    last_name: str
    token: str = ""
    organizations: list[Json] = field(default_factory=list)


class Door:
    """A client of the gateway."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url.rstrip("/")
        self._session = session

    async def call(
        self, method: str, path: str, person: Person | None = None, body: Any = None, *, key: str = ""
    ) -> Any:
        """One request, with an idempotency key if there is one; returns the answer's JSON (or bytes).

        Raises:
            Refused: It was answered with an error.
        """
        headers = {"Authorization": f"Bearer {person.token}"} if person and person.token else {}
        if key:
            headers["Idempotency-Key"] = key
        data = None if body is None else orjson.dumps(body)
        if data is not None:
            headers["Content-Type"] = "application/json"
        async with self._session.request(method, self.url + path, data=data, headers=headers) as response:
            content = await response.read()
            answer = orjson.loads(content) if "json" in response.content_type and content else content
            if response.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
                raise Refused(method, path, response.status, answer)
            return answer

    async def get(self, path: str, person: Person | None = None) -> Any:
        """Read."""
        return await self.call("GET", path, person)

    async def post(self, path: str, person: Person | None, body: Any) -> Any:
        """Create or do."""
        return await self.call("POST", path, person, body)

    async def patiently(
        self, method: str, path: str, person: Person, body: Any = None, *, not_yet: Collection[int] = NOT_YET
    ) -> Any:
        """One request about what was made elsewhere a moment ago: again until the service has heard of that.

        Services wait for an event that is on its way, for a while that a busy machine may exceed. ``not_yet`` are the
        statuses of the answer until then.
        """

        async def attempt() -> tuple[Any] | None:
            try:
                return (await self.call(method, path, person, body),)
            except Refused as refused:
                if refused.status not in not_yet:
                    raise
                return None

        answered: tuple[Any] = await until(attempt, f"{method} {path}")
        return answered[0]

    async def every(self, path: str, person: Person) -> list[Json]:
        """All items of a list, page by page."""
        items: list[Json] = []
        cursor = ""
        while True:
            page = await self.patiently("GET", f"{path}{'&' if '?' in path else '?'}limit=200{cursor}", person)
            items += page["items"]
            if not page.get("next_cursor"):
                return items
            cursor = f"&cursor={page['next_cursor']}"

    async def enter(self, person: Person, mailbox: Mailbox) -> None:
        """Log in, registering and verifying the e-mail address first where that is needed."""
        try:
            await self.log_in(person)
        except Refused:
            await self.register(person, mailbox)

    async def register(self, person: Person, mailbox: Mailbox, patience_s: float = PATIENCE_S) -> None:
        """Register somebody new, verify the e-mail address by the letter, and log in."""
        names = {"first_name": person.first_name, "last_name": person.last_name}
        credentials = {"email": person.email, "password": person.password}
        await self.post("/v1/auth/register", None, credentials | names)
        token = await until(lambda: mailbox.token(person.email, VERIFY), "the verification e-mail", patience_s)
        try:
            await self.post("/v1/auth/verify-email", None, {"token": token})
            await self.log_in(person)
        except Refused as refused:
            raise DemoError(f"{person.email} is somebody of an earlier story ({refused}); use --fresh") from None

    async def log_in(self, person: Person) -> None:
        """A fresh access token; without one organization among others, the only one is selected."""
        person.token = ""
        answer = await self.post("/v1/auth/login", None, {"email": person.email, "password": person.password})
        person.token, person.organizations = answer["access_token"], answer.get("organizations", [])


@dataclass
class Endpoint:
    """A Stripe webhook endpoint of a connection, and how often it was posted to."""

    connection_id: str
    url: str
    secret: str
    session: aiohttp.ClientSession
    posted: int = 0

    async def deliver(self, event: Json) -> None:
        """Post one event, signed, as Stripe does: again until it is answered 200."""
        body = orjson.dumps(event)
        deadline, pause = monotonic() + DELIVERY_PATIENCE_S, 0.1
        while (answer := await self._try_to_post(body)) is not None:
            if monotonic() > deadline:
                raise DemoError(f"the webhook {event['type']} was not taken: {answer}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        self.posted += 1

    async def _try_to_post(self, body: bytes) -> str | None:
        try:
            return await self._post(body)
        except (aiohttp.ClientError, TimeoutError) as error:
            return str(error) or type(error).__name__

    async def _post(self, body: bytes) -> str | None:
        """One try: None when it was taken, else what was answered."""
        headers = {"Stripe-Signature": sign(body, self.secret, int(time())), "Content-Type": "application/json"}
        async with self.session.post(self.url, data=body, headers=headers) as response:
            if response.status == 200:  # noqa: PLR2004 - what Stripe takes for delivered
                return None
            answer = await response.text()
            if response.status < 500:  # noqa: PLR2004 - a refusal, no outage
                raise DemoError(f"a webhook was refused with {response.status}: {answer}")
            return answer


async def deliver_all(deliveries: list[tuple[Endpoint, Json]], at_once: int, tick: Callable[[], object]) -> None:
    """Post many events, some at once, calling ``tick`` after each."""
    queue = iter(deliveries)

    async def worker() -> None:
        for endpoint, event in queue:
            await endpoint.deliver(event)
            tick()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(worker())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None  # the others say the same


async def until(
    probe: Callable[[], Found | Awaitable[Found | None] | None], what: str, patience_s: float = PATIENCE_S
) -> Found:
    """Ask again until there is an answer; ``DemoError`` names what did not come."""
    deadline = monotonic() + patience_s
    while True:
        found = probe()
        if isinstance(found, Awaitable):
            found = await found
        if found is not None:
            return found
        if monotonic() > deadline:
            raise DemoError(f"{what} did not come within {patience_s:.0f} s")
        await asyncio.sleep(0.1)
