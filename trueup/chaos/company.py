"""Whom the load belongs to: an organization with plans and a Stripe connection, made through the front door."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic

import aiohttp

from trueup.demo.door import Door, Endpoint, Person, Refused, until
from trueup.demo.mailbox import Mailbox
from trueup.stripe_double import Json

SETTINGS = {"currency": "MYR", "timezone": "Asia/Kuala_Lumpur"}
VENTURES = {
    "Steady": {"target_mrr": "100000", "baseline_value": "12000"},
    "Modest": {"target_mrr": "9000", "baseline_value": "3000"},
    "Young": {"target_mrr": "50000"},
}
PROMISED = "Promised"
"""A venture that nobody pays yet: its plan alone moves its figures, so that they depend on no race."""
SAVES_PER_100_EVENTS = 2
AT_ONCE = 24
UNAUTHORIZED, TOO_MANY, OUTAGE = 401, 429, 500
SAVED_WITHIN_S = 120.0


@dataclass
class Company:
    """An organization of this campaign."""

    id: str
    slug: str
    door: Door
    owner: Person
    ventures: dict[str, str] = field(default_factory=dict)
    promised: str = ""
    endpoint: Endpoint | None = None

    @property
    def path(self) -> str:
        """Where the organization is at the gateway."""
        return f"/v1/organizations/{self.id}"


async def somebody(door: Door, mailbox: Mailbox) -> Person:
    """A registered, verified, logged-in person of no further importance."""
    name = secrets.token_hex(5)
    person = Person(f"chaos-{name}@example.com", secrets.token_urlsafe(18), "Chaos", name)
    await door.enter(person, mailbox)
    return person


async def found_company(door: Door, owner: Person, name: str, session: aiohttp.ClientSession, today: date) -> Company:
    """Create an organization, its ventures with plans, and a connection."""
    body = {"name": f"{name} {secrets.token_hex(3)}", "settings": SETTINGS}
    created = await door.post("/v1/organizations", owner, body)
    owner.token = created["access_token"]
    company = Company(created["id"], created["slug"], door, replace(owner))

    async def make(method: str, noun: str, body: Json) -> Json:
        made: Json = await door.patiently(method, f"{company.path}/{noun}", owner, body)
        return made

    for venture, promised in VENTURES.items():
        made = await make("POST", "ventures", {"name": venture, "stage": "GROWTH"})
        company.ventures[venture] = made["id"]
        targets = dict(promised, target_date=(today + timedelta(days=275)).isoformat())
        if "baseline_value" in targets:
            targets["baseline_date"] = (today - timedelta(days=90)).isoformat()
        await make("PUT", f"ventures/{made['id']}/plan", {"strategy": {}, "targets": targets})
    company.promised = (await make("POST", "ventures", {"name": PROMISED, "stage": "IDEA"}))["id"]
    made = await make("POST", "ingestion/stripe-connections", {"name": "Stripe", "livemode": False})
    url = f"{door.url}/webhooks/stripe/{made['id']}"
    company.endpoint = Endpoint(made["id"], url, made["webhook_secret"], session)
    return company


async def save_plans(company: Company, count: int, seconds: float, today: date) -> None:
    """Save another plan so many times, one after the other; each again under its key until an answer arrives."""
    begin, path = monotonic(), f"{company.path}/ventures/{company.promised}/plan"
    target_date = (today + timedelta(days=275)).isoformat()
    for place in range(count):
        await asyncio.sleep(max(0.0, begin + place * seconds / count - monotonic()))
        targets = {"target_mrr": str(10_000 + place), "target_date": target_date}
        await _save(company, path, {"strategy": {}, "targets": targets})


async def _save(company: Company, path: str, plan: Json) -> Json:
    key = secrets.token_hex(16)

    async def attempt() -> Json | None:
        try:
            if not company.owner.token:
                await company.door.log_in(company.owner)
            saved: Json = await company.door.call("PUT", path, company.owner, plan, key=key)
        except Refused as refused:
            if refused.status == UNAUTHORIZED:
                company.owner.token = ""  # a campaign may last longer than a token
            elif refused.status < OUTAGE and refused.status != TOO_MANY:
                raise
            return None
        except (aiohttp.ClientError, TimeoutError):
            return None
        return saved

    return await until(attempt, f"PUT {path}", SAVED_WITHIN_S)


async def post_evenly(company: Company, events: Sequence[Json], seconds: float) -> None:
    """Post every event at its due instant, or as soon as the system takes it (0 seconds: as fast as it goes)."""
    assert company.endpoint is not None
    endpoint, begin, queue = company.endpoint, monotonic(), iter(enumerate(events))

    async def worker() -> None:
        for place, event in queue:
            await asyncio.sleep(max(0.0, begin + place * seconds / len(events) - monotonic()))
            await endpoint.deliver(event)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())
