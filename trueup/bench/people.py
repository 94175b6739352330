"""Many people who belong to the benchmark's organization, each with a login of their own."""

import asyncio
import os
import re
import secrets
from email import message_from_bytes, policy
from pathlib import Path

from trueup.bench.company import SETTLE_S
from trueup.bench.frame import Bench
from trueup.bench.settled import settle
from trueup.demo.door import ACCEPT, VERIFY, Door, Person, until

AT_ONCE = 8
PATIENCE_S = 120.0
_LINK = re.compile(r"/([\w-]+)\?token=([\w.\-]+)")


class Mailbox:
    """The tokens of the local mailbox; every letter is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self._tokens: dict[tuple[str, str], str] = {}

    def token(self, person: Person, purpose: str) -> str | None:
        """What somebody was sent for a purpose, if it is there."""
        if (person.email, purpose) not in self._tokens:
            for file in self._folder.glob("*.eml"):
                if file.name not in self._read:
                    self._take(file)
        return self._tokens.get((person.email, purpose))

    def _take(self, file: Path) -> None:
        self._read.add(file.name)
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        body = message.get_body(("plain",))
        if body is not None and (link := _LINK.search(body.get_content())):
            self._tokens[str(message["To"]), link.group(1)] = link.group(2)


async def join(bench: Bench, count: int) -> list[Person]:
    """Let people register, come into the organization as viewers by invitation, and log in, all through the gateway.

    Nobody logs in twice: services know of a membership that is younger than the token.
    """
    admin, door, mailbox = (
        await bench.company.log_in(),
        bench.company.door,
        Mailbox(Path(os.environ["TRUEUP_MAIL_DIR"])),
    )
    free, run = asyncio.Semaphore(AT_ONCE), secrets.token_hex(4)

    async def one(number: int) -> Person:
        name = f"viewer{number}"
        person = Person(f"{name}.{run}@nusantara.example", secrets.token_urlsafe(16), "Viewer", name)
        async with free:
            await _enter(door, person, mailbox)
            invited = {"email": person.email, "role": "viewer"}
            await door.post(f"{bench.company.path}/members", admin, invited)
            token = await until(lambda: mailbox.token(person, ACCEPT), "an invitation", PATIENCE_S)
            await door.post("/v1/organizations/accept-invitation", person, {"token": token})
        return person

    people = await asyncio.gather(*(one(number) for number in range(count)))
    await settle(SETTLE_S)
    return people


async def _enter(door: Door, person: Person, mailbox: Mailbox) -> None:
    names = {"first_name": person.first_name, "last_name": person.last_name}
    credentials = {"email": person.email, "password": person.password}
    await door.post("/v1/auth/register", None, credentials | names)
    token = await until(lambda: mailbox.token(person, VERIFY), "a verification letter", PATIENCE_S)
    await door.post("/v1/auth/verify-email", None, {"token": token})
    await door.log_in(person)
