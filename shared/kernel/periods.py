"""Calendar arithmetic: half-open periods, month ends, fiscal years, local days.

Which day or month an instant belongs to is decided in the organization's time zone.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A half-open span of local days, ``start <= day < end``."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError("a period ends after it starts")

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    @property
    def last_day(self) -> date:
        """The last day inside the period."""
        return self.end - timedelta(days=1)


def local_date(instant: datetime, time_zone: str) -> date:
    """The calendar day of an instant in an IANA time zone."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def start_of_day(day: date, time_zone: str) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime.combine(day, time.min, ZoneInfo(time_zone)).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day ``months`` later, clipped to that month's end (01-31 + 1 -> 02-28)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_start(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of the month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def fiscal_year(day: date, fiscal_year_start: int) -> int:
    """The fiscal year of a day, named by the calendar year in which it ends."""
    if fiscal_year_start == 1 or day.month < fiscal_year_start:
        return day.year
    return day.year + 1


def fiscal_quarter(year: int, quarter: int, fiscal_year_start: int) -> Period:
    """Quarter 1-4 of a fiscal year as a period of local days."""
    if quarter not in (1, 2, 3, 4):
        raise ValueError("a quarter is 1, 2, 3 or 4")
    first_year = year if fiscal_year_start == 1 else year - 1
    start = add_months(date(first_year, fiscal_year_start, 1), 3 * (quarter - 1))
    return Period(start, add_months(start, 3))


def fiscal_quarter_of(day: date, fiscal_year_start: int) -> tuple[int, int]:
    """The fiscal (year, quarter) of a day."""
    months_in = (day.month - fiscal_year_start) % 12
    return fiscal_year(day, fiscal_year_start), months_in // 3 + 1


def months_between(start: date, day: date) -> tuple[int, int, int]:
    """Months from ``start`` to ``day`` as (whole months, days after them, days in that month).

    Anchor k is ``start`` + k months counted from ``start``'s own day (clipped to the month's
    end); n is the last anchor on or before ``day``. The elapsed time is
    ``n + days(anchor_n, day) / days(anchor_n, anchor_{n+1})`` months. ``day >= start``.
    """
    if day < start:
        raise ValueError("the day lies before the start")
    whole = (day.year - start.year) * 12 + day.month - start.month
    if add_months(start, whole) > day:
        whole -= 1
    anchor, following = add_months(start, whole), add_months(start, whole + 1)
    return whole, (day - anchor).days, (following - anchor).days
