"""Which dated actuals a venture's recurring revenue yields, and which of several sources counts."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from services.finance.mrr.rules import FIGURE_PLACES
from services.finance.revenue.rules import NOTHING, Revenue, RevenueDay
from shared.contracts.finance import MetricKind
from shared.kernel.money import EXACT, quantize
from shared.kernel.periods import add_months, month_end

CALCULATED_KINDS = (MetricKind.MRR, MetricKind.ARR, MetricKind.CUSTOMERS, MetricKind.GROWTH_RATE)
"""The kinds that are calculated from subscriptions."""

SIGNED_KINDS = frozenset([MetricKind.GROWTH_RATE, MetricKind.BURN_RATE, MetricKind.CASH])
"""The kinds that may be negative: shrinking, earning more than is spent, an overdrawn account."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One dated actual: its value, the money that no rate converts yet, and from which day it was carried forward."""

    value: Decimal
    unconverted: dict[str, Decimal] = field(default_factory=dict)
    carried_from: date | None = None


Figures = dict[tuple[MetricKind, date], Figure]
"""Figures of one venture by kind and local day."""


def month_before(day: date) -> date:
    """The day one calendar month earlier; a month's last day goes with the last day before it.

    So the growth of any day is that of a trailing month, and at a month's end it is exactly
    month over month: 2026-02-28 looks at 2026-01-31, 2026-03-15 at 2026-02-15.
    """
    earlier = add_months(day, -1)
    return month_end(earlier) if day == month_end(day) else earlier


def month_after(day: date) -> date:
    """The first day whose ``month_before`` is not earlier than ``day``: there its change is felt in growth."""
    return add_months(day, 1)


def history_from(from_day: date) -> date:
    """From which day on revenue days are needed to calculate the figures since ``from_day``.

    Up to four days map to one and the same later day (01-28 to 01-31 -> 02-28), so those before
    ``month_before(from_day)`` are needed as well.
    """
    return month_before(from_day) - timedelta(days=4)


def growth_rate(mrr: Decimal, earlier: Decimal) -> Decimal | None:
    """Growth over a month as a fraction, half-even to 6 decimals; None when the earlier MRR is 0."""
    if earlier == 0:
        return None
    return quantize(EXACT.subtract(EXACT.divide(mrr, earlier), Decimal(1)), FIGURE_PLACES)


def calculated_figures(days: Sequence[RevenueDay], base_currency: str, from_day: date) -> Figures:
    """The figures of one venture from a local day on, by kind and day.

    ``days`` are its revenue days in order, those since ``history_from(from_day)`` and the last one
    before that. MRR, ARR (12 x MRR), customers and growth are dated on every day on which the
    venture's revenue changes; growth also a month after each change of MRR, when the change leaves
    the trailing month.
    """
    figures: Figures = {}
    growth_days: set[date] = set()
    previous = NOTHING
    for kept in days:
        revenue = kept.revenue
        if revenue.in_currency(base_currency) != previous.in_currency(base_currency):
            growth_days.add(month_after(kept.day))
        previous = revenue
        if kept.day < from_day:
            continue
        growth_days.add(kept.day)
        mrr, others = revenue.in_currency(base_currency), revenue.unconverted(base_currency)
        figures[MetricKind.MRR, kept.day] = Figure(mrr, others)
        figures[MetricKind.ARR, kept.day] = Figure(12 * mrr, {name: 12 * amount for name, amount in others.items()})
        figures[MetricKind.CUSTOMERS, kept.day] = Figure(Decimal(revenue.customers))
    dates = [kept.day for kept in days]
    for day in sorted(growth_days):
        now, earlier = (
            _on_day(days, dates, instant).in_currency(base_currency) for instant in (day, month_before(day))
        )
        rate = growth_rate(now, earlier)
        if day >= from_day and rate is not None:
            figures[MetricKind.GROWTH_RATE, day] = Figure(rate)
    return figures


def carried_figures(days: Sequence[RevenueDay], base_currency: str, ended: Collection[date]) -> Figures:
    """The figures of days that ended, whether or not anything happened on them.

    MRR, ARR and customers are those of the last revenue day up to then, growth is that of the day itself.
    ``days`` are as for ``calculated_figures``; a day before the first of them has no figures.
    """
    figures: Figures = {}
    dates = [kept.day for kept in days]
    for day in ended:
        place = bisect_right(dates, day)
        if not place:
            continue
        since, revenue = dates[place - 1], days[place - 1].revenue
        mrr, others = revenue.in_currency(base_currency), revenue.unconverted(base_currency)
        figures[MetricKind.MRR, day] = Figure(mrr, others, since)
        figures[MetricKind.ARR, day] = Figure(12 * mrr, {name: 12 * amount for name, amount in others.items()}, since)
        figures[MetricKind.CUSTOMERS, day] = Figure(Decimal(revenue.customers), carried_from=since)
        rate = growth_rate(mrr, _on_day(days, dates, month_before(day)).in_currency(base_currency))
        if rate is not None:
            figures[MetricKind.GROWTH_RATE, day] = Figure(rate, carried_from=since)
    return figures


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of one kind on a day; ``carried_from``: it was carried forward from that day."""

    day: date
    value: Decimal
    note: str | None
    withdrawn: bool
    carried_from: date | None = None


def followed(said: Sequence[Said]) -> list[Said]:
    """Those that were carried forward and have to say something else, since what they were carried from changed.

    ``said`` is everything that a source says of a kind, in order of day. One whose ground was withdrawn is
    carried from the one before that, or withdrawn when there is none.
    """
    changed: list[Said] = []
    ground: Said | None = None
    for one in said:
        if one.carried_from is None:
            ground = ground if one.withdrawn else one
            continue
        if ground is None:
            other = replace(one, withdrawn=True)
        else:
            other = Said(one.day, ground.value, ground.note, withdrawn=False, carried_from=ground.day)
        if other != one:
            changed.append(other)
    return changed


def _on_day(days: Sequence[RevenueDay], dates: Sequence[date], day: date) -> Revenue:
    place = bisect_right(dates, day)
    return days[place - 1].revenue if place else NOTHING
