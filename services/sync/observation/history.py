"""What a kind was worth at the end of each month."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal

from services.sync.hot import Reading, Rows
from services.sync.observation.rules import Observation, Series
from services.sync.observation.store import Probe, newest_effective
from shared.kernel.periods import add_months, month_end, month_start

MonthlyValues = dict[Series, list[tuple[date, Decimal]]]
"""By series: (day, value) at month ends, oldest first; the last one may be an observation of the month begun."""


def month_ends_before(day: date, count: int) -> Iterator[date]:
    """The last ``count`` month ends before a day's month, oldest first."""
    first = month_start(day)
    return (month_end(add_months(first, -back)) for back in range(count, 0, -1))


def monthly_values(asked: Mapping[Series, date], months: int) -> Reading[MonthlyValues]:
    """The effective value at the last month ends before a day's month, and the newest one of that month so far.

    A stock figure holds until another one is observed. Months before the first observation are absent.
    """
    ends = {series: [*month_ends_before(day, months), day] for series, day in asked.items()}
    probes = [Probe(series, day) for series, days in ends.items() for day in days]
    reading = newest_effective(probes)

    def load(rows: Rows) -> MonthlyValues:
        found = reading.load(rows)
        return {series: list(_held(series, days, found)) for series, days in ends.items()}

    return Reading(reading.query, reading.parameters, load)


def _held(series: Series, days: Collection[date], found: Mapping[Probe, Observation]) -> Iterator[tuple[date, Decimal]]:
    last = max(days)
    for day in days:
        observation = found.get(Probe(series, day))
        if observation is None:
            continue
        if day < last:
            yield day, observation.value
        elif month_start(observation.observed_on) == month_start(last):
            yield observation.observed_on, observation.value
