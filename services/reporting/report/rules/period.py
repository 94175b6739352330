"""Which days a report speaks of."""

import re
from datetime import date

from services.reporting.report.document import PeriodPart
from shared.kernel.periods import Period, add_months, fiscal_quarter, fiscal_quarter_of, month_start

QUARTERLY, MONTHLY = "quarterly", "monthly"
TITLES = {QUARTERLY: "Quarterly investor report", MONTHLY: "Monthly investor update"}
EARLIEST = 2000
"""The first year of which a report can be made: a typing error is more likely than older figures."""

_SHAPES = {
    QUARTERLY: re.compile(r"(?P<year>[0-9]{4})-Q(?P<part>[1-4])"),
    MONTHLY: re.compile(r"(?P<year>[0-9]{4})-(?P<part>0[1-9]|1[0-2])"),
}


class UnknownPeriod(ValueError):
    """A period that is none, or of which nothing can be known yet; the text says what to give instead."""


def example(template: str, today: date, fiscal_year_start: int) -> str:
    """The code of the current period, as an example of what to write."""
    if template == MONTHLY:
        return f"{today:%Y-%m}"
    year, quarter = fiscal_quarter_of(today, fiscal_year_start)
    return f"{year}-Q{quarter}"


def _span(template: str, year: int, part: int, fiscal_year_start: int) -> Period:
    if template == MONTHLY:
        start = date(year, part, 1)
        return Period(start, add_months(start, 1))
    return fiscal_quarter(year, part, fiscal_year_start)


def _label(template: str, year: int, part: int, span: Period, fiscal_year_start: int) -> str:
    if template == MONTHLY:
        return f"{span.start:%B %Y}"
    return f"Q{part} {'' if fiscal_year_start == 1 else 'FY'}{year}"


def report_period(template: str, code: str, today: date, fiscal_year_start: int) -> PeriodPart:
    """The period that a code names: ``2026-Q3`` (fiscal quarter) or ``2026-09`` (month).

    A fiscal year is named by the calendar year in which it ends (01). A period that is running is
    reported up to ``today``; one that has not begun raises :class:`UnknownPeriod`.
    """
    hint = f'e.g. "{example(template, today, fiscal_year_start)}"'
    word = "fiscal quarter" if template == QUARTERLY else "month"
    found = _SHAPES[template].fullmatch(code)
    if found is None:
        raise UnknownPeriod(f"a {template} report covers a {word}: give {hint}")
    year, part = int(found["year"]), int(found["part"])
    if not EARLIEST <= year <= today.year + 1:
        raise UnknownPeriod(f"give a {word} between {EARLIEST} and now, {hint}")
    span = _span(template, year, part, fiscal_year_start)
    if span.start > today:
        raise UnknownPeriod(f"this {word} begins on {span.start}, after today ({today}): give {hint}")
    return PeriodPart(
        label=_label(template, year, part, span, fiscal_year_start),
        code=code,
        start=span.start,
        end=span.end,
        as_of=min(span.last_day, today),
        complete=span.end <= today,
    )


def month_days(period: PeriodPart, months: int) -> list[date]:
    """The ends of the last months up to the period's end, oldest first; the last is ``as_of``."""
    first = month_start(period.as_of)
    ends = [add_months(first, 1 - back).toordinal() - 1 for back in range(months - 1, 0, -1)]
    return [*(date.fromordinal(end) for end in ends), period.as_of]
