"""One campaign: a load that is told twice, once undisturbed and once under faults; then everything is counted."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import nats.errors
import psycopg

from shared.kernel import clock
from trueup.access import bus
from trueup.bench.settled import settle
from trueup.chaos import counting
from trueup.chaos.company import SAVES_PER_100_EVENTS, Company, found_company, post_evenly, save_plans, somebody
from trueup.chaos.counting import Check
from trueup.chaos.faults import Fault
from trueup.chaos.history import busy_history, expected_of, with_repeats
from trueup.chaos.means import Means, not_reached
from trueup.demo.door import DemoError, Door, Person
from trueup.demo.mailbox import Mailbox
from trueup.demo.summary import service_url
from trueup.figures.reading import all_figures
from trueup.verify.proof import prove

SETTLE_S = 240.0
"""What was in the hands of a killed process comes again after ``ack_wait``, and may be killed again."""

Say = Callable[[str], None]


class UnsettledError(RuntimeError):
    """The system did not come to rest."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a campaign is asked to do."""

    seed: int
    seconds: float
    events: int
    faults: Sequence[Fault]
    login: str = ""


@dataclass
class Report:
    """What was done and what was found."""

    order: Order
    done: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    organizations: dict[str, str] = field(default_factory=dict)
    """Slugs of the two: ``disturbed`` and ``undisturbed``."""

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return bool(self.checks) and all(check.holds for check in self.checks)


class Campaign:
    """The steps, and what they hand to each other."""

    def __init__(self, order: Order, means: Means, say: Say) -> None:
        self._order = order
        self._means = means
        self._say = say
        self.report = Report(order)

    async def run(self) -> Report:
        """All steps in order.

        Raises:
            UnsettledError: The system did not come to rest; nothing can be counted.
            DemoError: The load could not be told.
        """
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=64)) as session:
            door = Door(service_url("gateway"), session)
            owner = await self._owner(door)
            now = clock.now()
            calm = await found_company(door, owner, f"Chaos {self._order.seed} undisturbed", session, now.date())
            stormy = await found_company(door, owner, f"Chaos {self._order.seed} disturbed", session, now.date())
            self.report.organizations = {"undisturbed": calm.slug, "disturbed": stormy.slug}
            await self._come_to_rest("before")
            await self._undisturbed(calm, now)
            before = await asyncio.to_thread(counting.waiting_for_an_operator)
            async with bus() as client:
                since = await counting.positions(client)
            await self._disturbed(stormy, now)
            await self._come_to_rest("settled after the load")
            await self._count(calm, stormy, before, since, now)
        return self.report

    async def _owner(self, door: Door) -> Person:
        """Who founds the organizations: somebody new, or the given login where letters cannot be read here."""
        if self._order.login:
            person = Person(self._order.login, os.environ.get("TRUEUP_CHAOS_PASSWORD", ""), "Chaos", "Operator")
            await door.log_in(person)
            return person
        mailbox = os.environ.get("TRUEUP_MAIL_DIR")
        if not mailbox:
            raise DemoError("there is no TRUEUP_MAIL_DIR to read the confirmation letter in: use --login")
        return await somebody(door, Mailbox(Path(mailbox)))

    @property
    def _saves(self) -> int:
        return max(1, self._order.events * SAVES_PER_100_EVENTS // 100)

    def _events(self, company: Company, now: datetime) -> list[dict[str, Any]]:
        return busy_history(company.ventures, self._order.events, seed=self._order.seed, now=now)

    async def _undisturbed(self, company: Company, now: datetime) -> None:
        events = self._events(company, now)
        begin = monotonic()
        async with asyncio.TaskGroup() as group:
            group.create_task(post_evenly(company, events, 0))
            group.create_task(save_plans(company, self._saves, 0, now.date()))
        await self._come_to_rest("settled")
        self.report.seconds["undisturbed"] = round(monotonic() - begin, 1)
        taken = self.report.seconds["undisturbed"]
        self._say(f"undisturbed: {len(events):,} webhooks and {self._saves} plans in {taken:.1f} s")

    async def _disturbed(self, company: Company, now: datetime) -> None:
        """The load and the faults, at once."""
        events = with_repeats(self._events(company, now), self._order.seed)
        begin = monotonic()
        load = f"{len(events):,} webhooks and {self._saves} plans in {self._order.seconds:g} s"
        self._say(f"disturbed: {load}, {len(self._order.faults)} faults")
        async with asyncio.TaskGroup() as group:
            group.create_task(post_evenly(company, events, self._order.seconds))
            group.create_task(save_plans(company, self._saves, self._order.seconds, now.date()))
            for fault in self._order.faults:
                group.create_task(self._do(fault, begin))
        for name in await asyncio.to_thread(not_reached):
            self._say(f"  nobody passed {name}")
        self.report.seconds["disturbed"] = round(monotonic() - begin, 1)

    async def _do(self, fault: Fault, begin: float) -> None:
        await asyncio.sleep(max(0.0, begin + (fault.at or 0.0) - monotonic()))
        started = monotonic() - begin
        try:
            result = await self._means.do(fault)
        except (OSError, TimeoutError, RuntimeError) as error:
            result = f"could not be done: {str(error) or type(error).__name__}"
        self.report.done.append({"fault": str(fault), "at": round(started, 2), "result": result})
        self._say(f"  {started:6.1f} s  {fault}: {result}")

    async def _come_to_rest(self, what: str) -> None:
        begin = monotonic()
        while True:
            try:
                await settle(max(1.0, begin + SETTLE_S - monotonic()))
            except (psycopg.OperationalError, nats.errors.Error, OSError) as error:
                if monotonic() > begin + SETTLE_S:
                    raise UnsettledError(str(error) or type(error).__name__) from None
                await asyncio.sleep(1.0)  # an engine is just coming back
            else:
                break
        self.report.seconds[what] = round(monotonic() - begin, 1)

    async def _count(
        self,
        calm: Company,
        stormy: Company,
        before: Mapping[str, set[str]],
        since: Mapping[str, tuple[int, int]],
        now: datetime,
    ) -> None:
        self._say("counting")
        figures = await all_figures()
        async with bus() as client:
            streams = await counting.streams(client, since)
        letters = await asyncio.to_thread(counting.waiting_for_an_operator)
        self.report.checks = [
            await asyncio.to_thread(counting.ledger, stormy.id, expected_of(self._events(stormy, now))),
            counting.same_figures(_of(figures, stormy), _of(figures, calm)),
            streams,
            counting.dead_letters(before, letters),
            await self._verified(),
        ]

    async def _verified(self) -> Check:
        proof = await prove(lambda _text: None)
        if proof.moving:
            raise UnsettledError(", ".join(proof.moving))
        check = Check("trueup verify", f"{sum(result.rows for result in proof.results):,} rows")
        for result in proof.results:
            check.wrong += [f"{result.name}: {example}" for example in result.examples]
            if result.differences and not result.examples:
                check.wrong.append(f"{result.name}: {result.differences} differences")
        return check


def _of(figures: Sequence[Mapping[str, Any]], company: Company) -> list[Mapping[str, Any]]:
    return [figure for figure in figures if figure.get("organization") == company.slug]
