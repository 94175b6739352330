"""Loading the company: people, ventures with their plans, accounts, Stripe connections, entered figures.

Every step looks for what is there already, so that an interrupted run can be repeated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import aiohttp

from trueup.demo.company import ORGANIZATION, VENTURES, VentureStory
from trueup.demo.door import NOT_YET, Door, Endpoint, Person, until
from trueup.demo.mailbox import ACCEPT, Mailbox
from trueup.demo.story import Story

Say = Callable[[str], None]


@dataclass
class Company:
    """What was loaded: ids by name."""

    organization_id: str
    admin: Person
    ventures: dict[str, str] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where its resources are."""
        return f"/v1/organizations/{self.organization_id}"


@dataclass
class Loader:
    """The front door, and whom and what it is opened for."""

    door: Door
    session: aiohttp.ClientSession
    story: Story
    mailbox: Mailbox
    say: Say

    async def person(self, who: str) -> Person:
        """One of the people, registered and logged in."""
        person = self.story.person(who)
        await self.door.enter(person, self.mailbox)
        return person

    async def organization(self, owner: Person, body: Mapping[str, Any]) -> Company:
        """The owner's organization of that name."""
        wanted = {**body, "name": self.story.name(body["name"])}
        known = {each["name"]: each["id"] for each in owner.organizations}
        if wanted["name"] not in known:
            created = await self.door.post("/v1/organizations", owner, wanted)
            known[wanted["name"]], owner.token = created["id"], created["access_token"]
        return Company(known[wanted["name"]], owner)

    async def viewer(self, company: Company) -> Person:
        """Somebody who may look and not touch."""
        person = await self.person("viewer")
        if company.organization_id not in {each["id"] for each in person.organizations}:
            invitation = {"email": person.email, "role": "viewer"}
            await self.door.post(f"{company.path}/members", company.admin, invitation)
            token = await until(lambda: self.mailbox.token(person.email, ACCEPT), "the invitation")
            await self.door.post("/v1/organizations/accept-invitation", person, {"token": token})
            await self.door.log_in(person)
        return person

    async def ventures(self, company: Company, stories: tuple[VentureStory, ...], today: date) -> None:
        """Ventures and their plans."""
        known = {each["name"]: each["id"] for each in await self.door.every(f"{company.path}/ventures", company.admin)}
        for story in stories:
            if story.name not in known:
                body = {
                    "name": story.name,
                    "description": story.description,
                    "stage": story.stage,
                    "market_type": story.market,
                }
                known[story.name] = await self._made(company, f"{company.path}/ventures", body)
            plan = {"strategy": story.strategy, "targets": story.targets(today)}
            await self.door.patiently("PUT", f"{company.path}/ventures/{known[story.name]}/plan", company.admin, plan)
            company.ventures[story.name] = known[story.name]

    async def connection(self, company: Company, key: str, name: str, stripe_account: str) -> Endpoint:
        """A Stripe connection with our webhook secret."""
        path, secret = f"{company.path}/ingestion/stripe-connections", self.story.webhook_secrets[key]
        known = {each["name"]: each["id"] for each in await self.door.every(path, company.admin)}
        if name not in known:
            body = {
                "name": name,
                "stripe_account_id": stripe_account,
                "livemode": False,
                "webhook_secrets": [secret],
            }
            known[name] = await self._made(company, path, body)
        url = f"{self.door.url}/webhooks/stripe/{known[name]}"
        company.endpoints[key] = Endpoint(known[name], url, secret, self.session)
        return company.endpoints[key]

    async def links(self, company: Company) -> dict[str, dict[str, str]]:
        """Customer name -> Stripe metadata: an account's id, or only the venture's; some have neither."""
        path = f"{company.path}/finance/accounts"
        accounts = {each["name"]: each["id"] for each in await self.door.every(path, company.admin)}
        links: dict[str, dict[str, str]] = {}
        for story in VENTURES:
            venture = company.ventures[story.name]
            for customer in (*story.customers, *story.newcomers):
                if story.by_account and customer not in accounts:
                    body = {"name": customer, "venture_id": venture}
                    accounts[customer] = await self._made(company, path, body)
                metadata = {"account_id": accounts[customer]} if story.by_account else {"venture_id": venture}
                links[customer] = metadata
        links["Singapore Fine Foods"] = {"venture_id": company.ventures["Sawit Sense"]}
        links["Kedai Runcit Union (one-off)"] = {"account_id": accounts["Kedai Runcit Union"]}
        links["Putrajaya Pilot"] = {"venture_id": company.ventures["Halal Trace"]}
        return links

    async def metrics(self, company: Company, today: date) -> None:
        """Cash, burn, runway and what a plan defines itself: entered by hand for now.

        A custom metric is none (422) until finance has heard of the plan.
        """
        for story in VENTURES:
            for metric, value in story.metrics.items():
                body = {"metric": metric, "value": value, "observed_on": today.isoformat()}
                path = f"{company.path}/ventures/{company.ventures[story.name]}/metrics"
                await self.door.patiently("POST", path, company.admin, body, not_yet=(*NOT_YET, 422))

    async def _made(self, company: Company, path: str, body: dict[str, Any]) -> str:
        """Make something; gives its id."""
        return str((await self.door.patiently("POST", path, company.admin, body))["id"])


async def load_plans(loader: Loader) -> tuple[Company, Person]:
    """The organization with its viewer, ventures and plans."""
    admin = await loader.person("admin")
    company = await loader.organization(admin, ORGANIZATION)
    viewer = await loader.viewer(company)
    loader.say(f"organization {loader.story.name(str(ORGANIZATION['name']))} with an admin and a viewer")
    await loader.ventures(company, VENTURES, loader.story.today)
    loader.say(f"{len(VENTURES)} ventures with plans")
    return company, viewer
