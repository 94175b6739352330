"""What the benchmark loads: an organization with ventures, their plans, and a Stripe connection."""

import os
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from trueup.bench.settled import settle
from trueup.demo.company import ORGANIZATION, VENTURES
from trueup.demo.door import Door, Endpoint, Person
from trueup.demo.load import Company, Loader
from trueup.demo.mailbox import Mailbox
from trueup.demo.story import Story
from trueup.demo.summary import service_url

VENTURE_COUNT = 12
CURRENCY = "MYR"
SETTLE_S = 300.0
_CONNECTION = "older"


@dataclass
class Benchmarked:
    """The organization, and who may do everything in it. Addresses are those of the system that runs now."""

    loader: Loader
    organization: Company

    @property
    def organization_id(self) -> str:
        """Its id."""
        return self.organization.organization_id

    @property
    def path(self) -> str:
        """Where its resources are."""
        return self.organization.path

    @property
    def ventures(self) -> list[str]:
        """The ids of its ventures."""
        return list(self.organization.ventures.values())

    @property
    def admin(self) -> Person:
        """Who may do everything; ``log_in`` gives a fresh token."""
        return self.organization.admin

    @property
    def door(self) -> Door:
        """The gateway."""
        self.loader.door.url = service_url("gateway")
        return self.loader.door

    async def log_in(self) -> Person:
        """The admin with a token that is good for a quarter of an hour."""
        await self.door.log_in(self.admin)
        return self.admin

    def endpoint(self, url: str | None = None) -> Endpoint:
        """The Stripe webhook endpoint at ingestion itself, or at another address."""
        known = self.organization.endpoints[_CONNECTION]
        base = url or service_url("ingestion")
        return Endpoint(
            known.connection_id, f"{base}/webhooks/stripe/{known.connection_id}", known.secret, known.session
        )


async def load(session: aiohttp.ClientSession, folder: Path) -> Benchmarked:
    """Make the organization in the system that runs now, and wait until every service knows of it."""
    story = Story.open(folder, fresh=True)
    mailbox = Mailbox(Path(os.environ["TRUEUP_MAIL_DIR"]))
    loader = Loader(Door(service_url("gateway"), session), session, story, mailbox, _quiet)
    company = await loader.organization(await loader.person("admin"), {**ORGANIZATION, "name": "Benchmark"})
    await add_ventures(loader, company, VENTURE_COUNT)
    await loader.connection(company, _CONNECTION, "Stripe", "acct_benchmark000000")
    await settle(SETTLE_S)
    return Benchmarked(loader, company)


async def add_ventures(loader: Loader, company: Company, count: int) -> None:
    """Ventures with a plan each, by the patterns of the demo's."""
    patterns = [story for story in VENTURES if story.baseline is not None]
    for number in range(1, count + 1):
        story = patterns[number % len(patterns)]
        name = f"{story.name} {number}"
        body = {"name": name, "description": story.description, "stage": story.stage, "market_type": story.market}
        venture = await loader.door.post(f"{company.path}/ventures", company.admin, body)
        company.ventures[name] = venture["id"]
        plan = {"strategy": story.strategy, "targets": story.targets(loader.story.today)}
        await loader.door.call("PUT", f"{company.path}/ventures/{venture['id']}/plan", company.admin, plan)


def _quiet(_text: str) -> None:
    """The benchmark tells of its own steps only."""
