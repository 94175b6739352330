"""Recurring revenue of a venture, day by day: running sums over the spans of its subscriptions.

A day is kept only if the venture's figures differ from the day before. When some subscriptions
change, only the difference between their old and new spans is applied, and only to days from the
first difference on, so the work does not grow with the venture's history.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.finance.subscription.rules import FOREVER, Span

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Revenue:
    """MRR by currency (none of them 0) and the number of customers with MRR > 0 in any currency."""

    mrr: Mapping[str, Decimal] = field(default_factory=dict)
    customers: int = 0

    def __add__(self, other: "Revenue") -> "Revenue":
        sums = {
            currency: self.mrr.get(currency, _ZERO) + other.mrr.get(currency, _ZERO)
            for currency in self.mrr.keys() | other.mrr.keys()
        }
        return Revenue(
            {currency: amount for currency, amount in sorted(sums.items()) if amount}, self.customers + other.customers
        )

    def __sub__(self, other: "Revenue") -> "Revenue":
        return self + Revenue({currency: -amount for currency, amount in other.mrr.items()}, -other.customers)

    def in_currency(self, currency: str) -> Decimal:
        """MRR in one currency."""
        return self.mrr.get(currency, _ZERO)

    def unconverted(self, base_currency: str) -> dict[str, Decimal]:
        """MRR in the other currencies: shown beside the total, never added to it."""
        return {currency: amount for currency, amount in self.mrr.items() if currency != base_currency}


NOTHING = Revenue()
"""A venture before its first paying subscription."""


@dataclass(frozen=True, slots=True)
class RevenueDay:
    """A local day that a venture ends with other figures than the day before."""

    day: date
    revenue: Revenue


Changes = Mapping[date, Revenue]
"""By how much a venture's figures differ from the day before: what to add to the running sums."""


def _mrr_changes(spans: Iterable[Span]) -> dict[UUID, dict[date, Revenue]]:
    found: dict[UUID, dict[date, Revenue]] = defaultdict(lambda: defaultdict(Revenue))
    for span in spans:
        standing = span.standing
        if standing.venture_id is None or not standing.mrr:
            continue
        days = found[standing.venture_id]
        amount = Revenue({standing.currency: standing.mrr})
        days[span.day] += amount
        if span.until != FOREVER:
            days[span.until] -= amount
    return found


def _customer_changes(spans: Iterable[Span]) -> dict[UUID, dict[date, Revenue]]:
    """When each customer begins and stops to count in each venture, over all its subscriptions there."""
    paying: dict[tuple[UUID, str], list[Span]] = defaultdict(list)
    for span in spans:
        if span.standing.venture_id is not None and span.standing.mrr > 0:
            paying[span.standing.venture_id, span.standing.customer].append(span)
    found: dict[UUID, dict[date, Revenue]] = defaultdict(lambda: defaultdict(Revenue))
    for (venture_id, _), runs in paying.items():
        for day, until in _merged(runs):
            found[venture_id][day] += Revenue(customers=1)
            if until != FOREVER:
                found[venture_id][until] += Revenue(customers=-1)
    return found


def _merged(runs: Iterable[Span]) -> list[tuple[date, date]]:
    """Overlapping or touching spans as whole runs."""
    whole: list[tuple[date, date]] = []
    for run in sorted(runs, key=lambda span: span.day):
        if whole and run.day <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], run.until))
        else:
            whole.append((run.day, run.until))
    return whole


def revenue_changes(before: Sequence[Span], after: Sequence[Span], untouched: Sequence[Span]) -> dict[UUID, Changes]:
    """What replacing some spans by others changes, by venture and day.

    ``before`` and ``after`` are the spans of the touched subscriptions; ``untouched`` those of the
    other subscriptions of the same customers, needed to count a customer once.
    """
    total: dict[UUID, dict[date, Revenue]] = defaultdict(lambda: defaultdict(Revenue))
    parts = (
        (_mrr_changes(after), 1),
        (_mrr_changes(before), -1),
        (_customer_changes([*after, *untouched]), 1),
        (_customer_changes([*before, *untouched]), -1),
    )
    for changes, sign in parts:
        for venture_id, days in changes.items():
            for day, revenue in days.items():
                known = total[venture_id][day]
                total[venture_id][day] = known + revenue if sign > 0 else known - revenue
    return {
        venture_id: moved
        for venture_id, days in total.items()
        if (moved := {day: revenue for day, revenue in days.items() if revenue != NOTHING})
    }


def changed_days(known: Sequence[RevenueDay], changes: Changes, before: Revenue) -> list[RevenueDay]:
    """The venture's days from the first change on, after the changes.

    ``known`` are its days from the first change on, in order; ``before`` what it ended the day
    before that with. A day that no longer differs from its predecessor is left out.
    """
    daily = dict(changes)
    running = before
    for day in known:
        daily[day.day] = daily.get(day.day, NOTHING) + (day.revenue - running)
        running = day.revenue
    found, running = [], before
    for moved_on, moved in sorted(daily.items()):
        if moved != NOTHING:
            running += moved
            found.append(RevenueDay(moved_on, running))
    return found


def on_day(days: Sequence[RevenueDay], day: date) -> Revenue:
    """What a venture ends a day with: its newest kept day on or before it (``days`` in order)."""
    newest = NOTHING
    for kept in days:
        if kept.day > day:
            break
        newest = kept.revenue
    return newest
