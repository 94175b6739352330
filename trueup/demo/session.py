"""One run of the demo, beside the running system: load what is missing, look, measure, report, sum up."""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.kernel import clock
from shared.kernel.periods import fiscal_quarter_of
from trueup.bench.loop import Measured, Target, measure
from trueup.bench.percentiles import p50_p99
from trueup.demo import expectations, show, summary
from trueup.demo.company import OTHER_ORGANIZATION, TIME_ZONE, VENTURES
from trueup.demo.door import DemoError, Door, Endpoint, deliver_all, until
from trueup.demo.history import Books, as_delivered, open_books, play_company
from trueup.demo.load import Company, Loader, load_plans
from trueup.demo.mailbox import Mailbox
from trueup.demo.other import OTHER_VENTURE, other_history
from trueup.demo.story import Story
from trueup.local import State
from trueup.stripe_double import Json

SETTLE_S = 60.0
POSTS_AT_ONCE = 24
PROBES, PROBES_PER_SECOND = 100, 50.0
PROBED_VENTURE = "Tuisyen Hub"
READY = "ready"


def run(fresh: str = "") -> int:
    """The whole demo; returns 0 when everything came true. ``fresh``: not empty begins a new telling."""
    console = Console()
    try:
        return asyncio.run(Session(console, fresh=bool(fresh)).play())
    except (DemoError, aiohttp.ClientError, TimeoutError) as error:
        Console(stderr=True).print(f"[red]the demo cannot go on:[/] {str(error) or type(error).__name__}")
        return 1


class Session:
    """The steps of a run, and what they hand to each other."""

    def __init__(self, console: Console, *, fresh: bool) -> None:
        self._console = console
        self._state = State.current()
        self._story = Story.open(self._state.sub("demo"), fresh=fresh)

    async def play(self) -> int:
        """All steps in order."""
        connector = aiohttp.TCPConnector(limit=64)
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            door = Door(summary.service_url("gateway"), session)
            mailbox = Mailbox(Path(os.environ["TRUEUP_MAIL_DIR"]))
            loader = Loader(door, session, self._story, mailbox, self._say)
            company, viewer = await load_plans(loader)
            other = await loader.organization(await loader.person("other"), OTHER_ORGANIZATION)
            unmet = await self._load_money(loader, company, other)
            unmet += await self._await_expected(door, company)
            self._complain(unmet)
            measured = await self._measure(company)
            report = await self._report(door, company)
            portfolio = await self._portfolio(door, company, as_designed=not unmet)
            found = summary.summarise(
                company,
                viewer,
                other,
                portfolio,
                report_pdf=report,
                latency_ms=p50_p99(measured.milliseconds),
                events=self._story.events,
            )
        self._show(found, portfolio)
        return 1 if unmet or measured.missing else 0

    def _say(self, text: str) -> None:
        self._console.print(f"[green]✓[/] {text}", soft_wrap=True)

    def _complain(self, unmet: list[str]) -> None:
        for text in unmet:
            self._console.print(f"[red]not as expected:[/] {text}", soft_wrap=True)
        if unmet:
            logs = self._state.folder / "log"
            self._console.print(f"  why: {logs}, and python -m trueup dead-letters list", soft_wrap=True)

    async def _load_money(self, loader: Loader, company: Company, other: Company) -> list[str]:
        """Connections, accounts and entered figures; then all webhooks, unless they were posted before.

        Returns what was not counted once.
        """
        story = self._story
        older, newer = open_books(story.today, story.now, await loader.links(company))
        borneo = other_history(story.now)
        await loader.connection(company, "older", "Stripe (API 2024)", older.account.id)
        await loader.connection(company, "newer", "Stripe (API 2025 clover)", newer.account.id)
        await loader.ventures(other, (OTHER_VENTURE,), story.today)
        await loader.connection(other, "other", "Stripe", borneo.account.id)
        if story.loaded:
            self._say("the company is there already; its webhooks are not posted again")
            return []
        await loader.metrics(company, story.today)
        self._say("customer accounts, Stripe connections, and entered cash, burn and runway")
        play_company(older, newer, story.today)
        histories = [(company, "older", older), (company, "newer", newer), (other, "other", borneo)]
        await self._post([(where.endpoints[key], books) for where, key, books in histories])
        mine = {company.endpoints["older"].connection_id: older, company.endpoints["newer"].connection_id: newer}
        return await self._count(loader.door, company, {key: len(books.events) for key, books in mine.items()})

    async def _post(self, histories: list[tuple[Endpoint, Books]]) -> None:
        """The months of history, as Stripe delivers: some twice, some late, several at once."""
        rng = Random(3)  # noqa: S311 - a story, no secret
        deliveries: list[tuple[Endpoint, Json]] = []
        for endpoint, books in histories:
            deliveries += [(endpoint, event) for event in as_delivered(books.events, rng)]
        happened = sum(len(books.events) for _, books in histories)
        columns = (TextColumn("  webhooks"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        ) as progress:
            task = progress.add_task("", total=len(deliveries))
            await deliver_all(deliveries, POSTS_AT_ONCE, lambda: progress.advance(task))
        self._story.loaded, self._story.events = True, happened
        self._story.save()
        repeats = len(deliveries) - happened
        self._say(f"{len(deliveries)} signed webhooks posted, {repeats} of them repeats: {happened} different events")

    async def _count(self, door: Door, company: Company, events: dict[str, int]) -> list[str]:
        """Wait until every webhook was read, and compare what was stored with what happened."""

        async def read() -> Any:
            status = await door.get(f"{company.path}/ingestion/status", company.admin)
            return None if any(connection["pending"] for connection in status["connections"]) else status

        status: Any = await until(read, "the end of ingestion's backlog", SETTLE_S)
        wrong = expectations.miscounted(status, events)
        if not wrong:
            shares = [f"{each['name']} {each['unlinked_share_pct']} %" for each in status["connections"]]
            self._say(f"each event counted once; money that no account is known for: {', '.join(shares)}")
        return wrong

    async def _await_expected(self, door: Door, company: Company) -> list[str]:
        """Wait until the dashboard shows what was designed; returns what does not come."""
        if not self._is_of_today:
            self._say(f"a story of {self._story.today}: figures have moved on since; --fresh tells a new one")
            return []
        portfolio = await self._portfolio(door, company, as_designed=True)
        unmet = expectations.unmet(portfolio, self._story.today)
        if not unmet:
            self._say("every venture stands against its plan as designed")
        return unmet

    @property
    def _is_of_today(self) -> bool:
        return clock.today(TIME_ZONE) == self._story.today

    async def _portfolio(self, door: Door, company: Company, *, as_designed: bool) -> Any:
        """The dashboard; ``as_designed``: once it shows what was designed, or after a minute as it is."""
        path = f"{company.path}/dashboard/portfolio"

        async def designed() -> Any:
            portfolio = await door.get(path, company.admin)
            return None if expectations.unmet(portfolio, self._story.today) else portfolio

        if as_designed and self._is_of_today:
            with contextlib.suppress(DemoError):
                return await until(designed, "the expected dashboard", SETTLE_S)
        return await door.get(path, company.admin)

    async def _measure(self, company: Company) -> Measured:
        """The latency of the loop, through the gateway."""
        endpoint = company.endpoints["older"]
        target = Target(
            organization_id=company.organization_id,
            venture_ids=[company.ventures[PROBED_VENTURE]],
            connection_id=endpoint.connection_id,
            currency="MYR",
            ingestion_url=os.environ["TRUEUP_INGESTION_OPERATOR_URL"],
            sync_url=os.environ["TRUEUP_SYNC_OPERATOR_URL"],
            customers=1,
        )
        with self._console.status("measuring the loop"):
            try:
                measured = await measure(target, endpoint.deliver, PROBES, PROBES_PER_SECOND)
            except TimeoutError:
                raise DemoError("the comparison of a new subscription did not come") from None
        self._story.events += PROBES + 3
        self._story.save()
        if not measured.milliseconds:
            raise DemoError("no webhook of the measurement was compared")
        found = p50_p99(measured.milliseconds)
        self._say(
            f"loop latency: p50 {found['p50']} ms, p99 {found['p99']} ms "
            f"(webhook stored by ingestion -> comparison computed by sync; {PROBES} webhooks, "
            f"one each {1000 / PROBES_PER_SECOND:.0f} ms, posted to the gateway)"
        )
        if measured.missing:
            self._complain([f"{measured.missing} webhooks of the measurement were never compared"])
        return measured

    async def _report(self, door: Door, company: Company) -> Path:
        """The quarter's investor report as PDF."""
        year, quarter = fiscal_quarter_of(clock.today(TIME_ZONE), 1)
        period = f"{year}-Q{quarter}"
        path = f"{company.path}/reports"
        ordered = await door.post(path, company.admin, {"template": "quarterly", "period": period})

        async def ready() -> Any:
            report = await door.get(f"{path}/{ordered['id']}", company.admin)
            if report["status"] == "failed":
                raise DemoError(f"the report failed: {report.get('error')}")
            return report if report["status"] == READY else None

        await until(ready, "the report", SETTLE_S)
        pdf = await door.get(f"{path}/{ordered['id']}/pdf", company.admin)
        file = self._state.sub("demo") / f"investor-report-{period}.pdf"
        file.write_bytes(pdf)
        self._say(f"investor report {period}: {len(pdf) / 1024:.0f} KB")
        return file

    def _show(self, found: dict[str, Any], portfolio: Any) -> None:
        file = self._state.sub("demo") / "summary.json"
        summary.write(file, found)
        self._console.print(show.portfolio_table(portfolio))
        show.print_addresses(self._console, found, str(file))
        sys.stdout.flush()


assert PROBED_VENTURE in {story.name for story in VENTURES}
