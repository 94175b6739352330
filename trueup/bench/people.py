"""Many people who belong to the benchmark's organization, each with a login of their own."""

import asyncio
import secrets

from trueup.bench.company import SETTLE_S
from trueup.bench.frame import Bench
from trueup.bench.settled import settle
from trueup.demo.door import Person, until
from trueup.demo.mailbox import ACCEPT

AT_ONCE = 8
PATIENCE_S = 120.0


async def join(bench: Bench, count: int) -> list[Person]:
    """Let people register, come into the organization as viewers by invitation, and log in, all through the gateway.

    Nobody logs in twice: services know of a membership that is younger than the token.
    """
    admin, door, mailbox = await bench.company.log_in(), bench.company.door, bench.company.loader.mailbox
    free, run = asyncio.Semaphore(AT_ONCE), secrets.token_hex(4)

    async def one(number: int) -> Person:
        name = f"viewer{number}"
        person = Person(f"{name}.{run}@nusantara.example", secrets.token_urlsafe(16), "Viewer", name)
        async with free:
            await door.register(person, mailbox, PATIENCE_S)
            invited = {"email": person.email, "role": "viewer"}
            await door.post(f"{bench.company.path}/members", admin, invited)
            token = await until(lambda: mailbox.token(person.email, ACCEPT), "an invitation", PATIENCE_S)
            await door.post("/v1/organizations/accept-invitation", person, {"token": token})
        return person

    people = await asyncio.gather(*(one(number) for number in range(count)))
    await settle(SETTLE_S)
    return people
