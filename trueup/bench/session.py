"""One run of the benchmark, beside the running system."""

import asyncio
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from shared.kernel import clock
from trueup.bench import generator, limits, workload
from trueup.bench.loop import Target, measure
from trueup.bench.percentiles import percentile
from trueup.bench.settled import settle
from trueup.demo.company import ORGANIZATION, VENTURES
from trueup.demo.door import DemoError, Door
from trueup.demo.load import Company, Loader
from trueup.demo.story import Story
from trueup.demo.summary import service_url
from trueup.local import State

CONNECTIONS = 64
BURST, FULL_BURST = 5_000, 20_000
RATES = (50, 100, 200)
LATENCY_SECONDS = 6
LIMIT_SECONDS = 3.0
SETTLE_S = 300.0
P50_TARGET_MS, P99_TARGET_MS = 100, 1000
ANSWER_TARGET_MS = 200
ACKNOWLEDGED_SHARE = 0.4
LOOP_TARGET = 500


EXPLAINED = f"""
{CONNECTIONS} connections from a process of its own, webhooks of about 3 KB posted to ingestion itself.
"loop": from a webhook that is stored (ingestion's received_at) to the comparison that contains it (sync's
computed_at). "settled": no raw event, outbox row or message is under way anywhere.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside what it should at least (or at most) be."""

    name: str
    value: float
    unit: str
    target: str
    met: bool


def at_least(name: str, value: float, unit: str, target: float) -> Row:
    """A figure that should not be lower."""
    return Row(name, round(value, 1), unit, f">= {target:,.0f}", value >= target)


def at_most(name: str, value: float, unit: str, target: float) -> Row:
    """A figure that should not be higher."""
    return Row(name, round(value, 1), unit, f"<= {target:,.0f}", value <= target)


def run(full: str = "") -> int:
    """The whole benchmark; 0 when it could be measured, whatever the figures."""
    console = Console()
    try:
        asyncio.run(Session(console, FULL_BURST if full else BURST).play())
    except (DemoError, aiohttp.ClientError, TimeoutError, RuntimeError) as error:
        Console(stderr=True).print(f"[red]the benchmark cannot go on:[/] {str(error) or type(error).__name__}")
        return 1
    return 0


@dataclass
class Session:
    """The steps of a run."""

    console: Console
    burst: int
    rows: list[Row] = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)

    async def play(self) -> None:
        """All steps in order."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
            company = await self._prepare(session)
            await self._measure_limits()
            await self._acknowledged(company)
            await self._whole_loop(company)
            for rate in RATES:
                await self._latency(company, rate)
        self._show()

    async def _prepare(self, session: aiohttp.ClientSession) -> Company:
        """An organization of its own, with ventures and a connection."""
        story = Story.open(State.current().sub("bench"), fresh=True)
        loader = Loader(
            Door(service_url("gateway"), session), session, story, Path(os.environ["TRUEUP_MAIL_DIR"]), print
        )
        company = await loader.organization(await loader.person("admin"), {**ORGANIZATION, "name": "Benchmark"})
        await loader.ventures(company, VENTURES[:5], story.today)
        endpoint = await loader.connection(company, "older", "Stripe", "acct_benchmark000000")
        endpoint.url = f"{service_url('ingestion')}/webhooks/stripe/{endpoint.connection_id}"
        await settle(SETTLE_S)
        return company

    async def _measure_limits(self) -> None:
        with self.console.status("the machine's own limits"):
            self.limits["postgres_commits_per_second"] = await limits.commits_per_second(
                os.environ["TRUEUP_INGESTION_OPERATOR_URL"], LIMIT_SECONDS
            )
            self.limits["jetstream_publishes_per_second"] = await limits.publishes_per_second(
                os.environ["TRUEUP_NATS_URL"],
                os.environ["TRUEUP_OPERATOR_NATS_USER"],
                os.environ["TRUEUP_OPERATOR_NATS_PASSWORD"],
                LIMIT_SECONDS,
            )

    async def _post(self, company: Company, bodies: list[bytes]) -> tuple[float, list[float]]:
        endpoint = company.endpoints["older"]
        return await generator.in_own_process(endpoint.url, endpoint.secret, bodies, CONNECTIONS)

    async def _acknowledged(self, company: Company) -> None:
        """The webhook endpoint alone: types that are stored and not normalised."""
        with self.console.status("webhooks acknowledged"):
            bodies = workload.only_stored(f"stored-{company.organization_id}", BURST, clock.now())
            seconds, took = await self._post(company, bodies)
            await settle(SETTLE_S)
        target = ACKNOWLEDGED_SHARE * self.limits["postgres_commits_per_second"]
        self.rows.append(at_least("webhooks stored and answered", BURST / seconds, "events/s", target))
        self.rows.append(at_most("webhook answered, p99", percentile(took, 0.99), "ms", ANSWER_TARGET_MS))

    async def _whole_loop(self, company: Company) -> None:
        """From the first post until nothing is under way in any service."""
        seed, ventures = f"burst-{company.organization_id}", list(company.ventures.values())
        with self.console.status(f"a burst of {self.burst} webhooks through the whole loop"):
            bodies = workload.bodies(seed, self.burst, clock.now(), ventures)
            seconds, _ = await self._post(company, bodies)
            answered = monotonic()
            await settle(SETTLE_S)
            settled = seconds + monotonic() - answered
        name = f"burst of {self.burst:,}"
        self.rows.append(at_least(f"{name}, answered", self.burst / seconds, "events/s", LOOP_TARGET))
        self.rows.append(at_least(f"{name}, whole loop settled", self.burst / settled, "events/s", LOOP_TARGET))

    async def _latency(self, company: Company, rate: int) -> None:
        endpoint = company.endpoints["older"]
        target = Target(
            organization_id=company.organization_id,
            venture_id=next(iter(company.ventures.values())),
            connection_id=endpoint.connection_id,
            currency="MYR",
            ingestion_url=os.environ["TRUEUP_INGESTION_OPERATOR_URL"],
            sync_url=os.environ["TRUEUP_SYNC_OPERATOR_URL"],
        )
        with self.console.status(f"the loop at {rate} events/s"):
            measured = await measure(target, endpoint.deliver, rate * LATENCY_SECONDS, rate)
            await settle(SETTLE_S)
        if measured.missing or not measured.milliseconds:
            raise DemoError(f"{measured.missing} webhooks were never compared")
        for share, limit in ((0.5, P50_TARGET_MS), (0.99, P99_TARGET_MS)):
            name = f"loop at {rate}/s, p{share * 100:.0f}"
            self.rows.append(at_most(name, percentile(measured.milliseconds, share), "ms", limit))

    def _show(self) -> None:
        table = Table(title="how fast the loop is here", box=None, pad_edge=False)
        table.add_column("what")
        for heading in ("measured", "", "target"):
            table.add_column(heading, justify="right")
        for name, value in self.limits.items():
            table.add_row(f"[dim]limit: {name.replace('_', ' ')}[/]", f"{value:,.0f}", "", "")
        for row in self.rows:
            style = "green" if row.met else "red"
            table.add_row(row.name, f"[{style}]{row.value:,.1f}[/]", row.unit, row.target)
        self.console.print(table)
        self.console.print(EXPLAINED)
        file = State.current().sub("bench") / "summary.json"
        found: dict[str, Any] = {
            "machine": limits.machine(),
            "limits": {name: round(value, 1) for name, value in self.limits.items()},
            "rows": [asdict(row) for row in self.rows],
        }
        file.write_text(json.dumps(found, indent=2), encoding="utf-8")
        self.console.print(f"written to {file}")
