"""When a job is due, in an organization's own time. Pure.

A slot is the local day on which a run is due. Local clocks are compared as they stand on the wall: a time that
does not exist (clocks go forward) has passed at the next valid instant, one that occurs twice has passed at the first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from shared.kernel.errors import Invalid, field_error
from shared.kernel.periods import add_months, month_start


class Schedule(Protocol):
    """On which days, and at which local time."""

    def newest_slot(self, local_now: datetime) -> date:
        """The last slot that has come."""
        ...

    def slot_before(self, slot: date) -> date:
        """The slot before another one."""
        ...

    def says(self) -> str:
        """For a person."""
        ...


@dataclass(frozen=True, slots=True)
class Daily:
    """Every day at a local time."""

    at: time

    def newest_slot(self, local_now: datetime) -> date:
        """Today from the time on, else yesterday."""
        today = local_now.date()
        return today if local_now.time() >= self.at else today - timedelta(days=1)

    def slot_before(self, slot: date) -> date:
        """The day before."""
        return slot - timedelta(days=1)

    def says(self) -> str:
        """E.g. "daily at 02:30"."""
        return f"daily at {self.at:%H:%M}"


@dataclass(frozen=True, slots=True)
class Monthly:
    """A day of every month (1 to 28) at a local time."""

    day: int
    at: time

    def newest_slot(self, local_now: datetime) -> date:
        """This month's day from the time on, else last month's."""
        slot = month_start(local_now.date()).replace(day=self.day)
        return slot if local_now >= datetime.combine(slot, self.at) else self.slot_before(slot)

    def slot_before(self, slot: date) -> date:
        """The same day a month earlier."""
        return add_months(slot, -1)

    def says(self) -> str:
        """E.g. "monthly on day 1 at 03:00"."""
        return f"monthly on day {self.day} at {self.at:%H:%M}"


class SlotInTheFuture(Invalid):
    """A job runs for a slot that has come."""

    code = "slot_in_the_future"


def slot_asked_for(schedule: Schedule, slot: date | None, local_now: datetime) -> date:
    """The slot for which somebody starts a job: the newest one, or the one that they name.

    Raises:
        SlotInTheFuture: The named slot has not come.
    """
    newest = schedule.newest_slot(local_now)
    if slot is not None and slot > newest:
        message = f"the newest slot is {newest}"
        raise SlotInTheFuture(f"This slot has not come: {message}.", errors=[field_error("slot", message)])
    return slot or newest


def missed_slots(schedule: Schedule, last: date, newest: date, most: int) -> list[date]:
    """The slots after ``last`` that have come, oldest first; of many the newest ``most``."""

    def back() -> Iterator[date]:
        slot = newest
        while slot > last:
            yield slot
            slot = schedule.slot_before(slot)

    found = []
    for slot in back():
        found.append(slot)
        if len(found) == most:
            break
    return found[::-1]
