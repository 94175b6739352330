"""How soon a removed member is out of every service while payments wait to be counted."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from uuid import UUID

from nats.aio.client import Client

from shared.contracts.ingestion import PaymentReceived
from shared.kernel import clock
from shared.kernel.ids import new_id
from shared.kernel.money import Money
from shared.platform.bus.envelope import OutgoingEvent
from shared.platform.bus.publishing import publish
from trueup.access import bus
from trueup.bench.company import CURRENCY, SETTLE_S
from trueup.bench.frame import Bench, at_most, beside
from trueup.bench.settled import settle
from trueup.demo.company import ORGANIZATION
from trueup.demo.door import Person
from trueup.demo.load import Company
from trueup.demo.summary import service_url

PAYMENTS, AT_ONCE = 100_000, 1_000
OUT_MS = 1_000
NOT_FOUND = 404
READS = {
    "identity": "members",
    "plans": "ventures",
    "finance": "finance/accounts",
    "ingestion": "ingestion/status",
    "sync": "alerts",
    "reporting": "dashboard/portfolio",
}
"""Something that every member reads, from each service."""


async def measure_removal(bench: Bench) -> None:
    """From the answer that the member is removed until each service answers their token, which is good, with 404."""
    loader = replace(bench.company.loader, door=bench.company.door)
    company = await loader.organization(await loader.person("admin"), {**ORGANIZATION, "name": "Somebody leaves"})
    member = await loader.viewer(company)
    identity = (await loader.door.get("/v1/auth/me", member))["user"]["id"]
    await settle(SETTLE_S)
    async with bus() as client:
        for portion in _payments(UUID(company.organization_id)):
            await publish(client, portion)
        await loader.door.call("DELETE", f"{company.path}/members/{identity}", company.admin)
        removed = monotonic()
        out = await asyncio.gather(*(_out(bench, service, company, member) for service in READS))
        waiting = await _waiting(client)
    name = f"a removed member is out of every service, {PAYMENTS:,} payments just published"
    bench.add(at_most(name, (max(out) - removed) * 1000, "ms", OUT_MS))
    bench.add(beside("payments that finance had not counted then", waiting, ""))
    await settle(SETTLE_S)


async def _out(bench: Bench, service: str, company: Company, member: Person) -> float:
    """When the service first said that there is no such organization for the member."""
    url = f"{service_url(service)}{company.path}/{READS[service]}"
    headers = {"Authorization": f"Bearer {member.token}"}
    async with asyncio.timeout(SETTLE_S):
        while True:
            async with bench.company.loader.session.get(url, headers=headers) as answer:
                if answer.status == NOT_FOUND:
                    return monotonic()


def _payments(organization_id: UUID) -> Iterator[list[OutgoingEvent]]:
    """Payments as ingestion tells them, of a connection that nobody has."""
    connection, now = new_id(), clock.now()
    for first in range(0, PAYMENTS, AT_ONCE):
        told = (
            PaymentReceived(
                organization_id=organization_id,
                connection_id=connection,
                version=1,
                currency=CURRENCY,
                payment_id=f"pi_{number}",
                amount_minor=1_000,
                amount=Money.of_minor(1_000, CURRENCY).amount,
                occurred_at=now,
            )
            for number in range(first, first + AT_ONCE)
        )
        yield [
            OutgoingEvent(
                new_id(), organization_id, event.event_type, event.sequence, event.model_dump_json(), None, now
            )
            for event in told
        ]


async def _waiting(client: Client) -> int:
    info = await client.jsm().consumer_info("INGESTION", "finance")
    return (info.num_pending or 0) + (info.num_ack_pending or 0)
