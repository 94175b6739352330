from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import clock
from shared.kernel.periods import (
    Period,
    add_months,
    fiscal_quarter,
    fiscal_quarter_of,
    fiscal_year,
    local_date,
    month_end,
    months_between,
    start_of_day,
)

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
ZONES = st.sampled_from(["UTC", "Asia/Kuala_Lumpur", "America/Sao_Paulo", "America/Los_Angeles", "Pacific/Apia"])


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2026-01-31", 11, "2026-12-31"),
        ("2026-03-31", -1, "2026-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
    ],
)
def test_months_are_counted_on_the_calendar(day: str, months: int, expected: str):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("start", "day", "expected"),
    [
        ("2026-01-31", "2026-03-30", (1, 30, 31)),
        ("2026-01-31", "2026-03-31", (2, 0, 30)),
        ("2026-01-31", "2026-02-27", (0, 27, 28)),
        ("2026-01-31", "2026-02-28", (1, 0, 31)),
        ("2026-01-31", "2026-01-31", (0, 0, 28)),
    ],
)
def test_elapsed_months_count_from_the_starts_own_day(start: str, day: str, expected: tuple[int, int, int]):
    assert months_between(date.fromisoformat(start), date.fromisoformat(day)) == expected


@given(DAYS, st.integers(0, 3000))
def test_elapsed_months_never_go_back(start: date, days: int):
    day = start + timedelta(days=days)
    whole, rest, length = months_between(start, day)
    assert 0 <= rest < length
    following = months_between(start, day + timedelta(days=1))
    assert (whole, rest) < following[:2]


def test_elapsed_months_do_not_run_backwards():
    with pytest.raises(ValueError, match="before"):
        months_between(date(2026, 2, 1), date(2026, 1, 31))


@given(DAYS, st.integers(1, 12))
def test_every_day_is_in_exactly_its_fiscal_quarter(day: date, start: int):
    year, quarter = fiscal_quarter_of(day, start)
    assert day in fiscal_quarter(year, quarter, start)
    assert fiscal_year(day, start) == year


def test_a_fiscal_year_is_named_by_the_year_in_which_it_ends():
    assert fiscal_year(date(2025, 7, 1), 7) == 2026
    assert fiscal_year(date(2026, 6, 30), 7) == 2026
    assert fiscal_quarter(2026, 1, 7) == Period(date(2025, 7, 1), date(2025, 10, 1))
    assert fiscal_quarter(2026, 3, 1) == Period(date(2026, 7, 1), date(2026, 10, 1))
    with pytest.raises(ValueError, match="quarter"):
        fiscal_quarter(2026, 5, 1)


def test_a_period_is_half_open():
    period = Period(date(2026, 1, 1), date(2026, 4, 1))
    assert date(2026, 3, 31) in period
    assert date(2026, 4, 1) not in period
    assert period.last_day == date(2026, 3, 31)
    with pytest.raises(ValueError, match="ends after"):
        Period(date(2026, 1, 1), date(2026, 1, 1))


def test_which_day_it_is_depends_on_where_one_is():
    instant = datetime(2026, 1, 31, 17, 0, tzinfo=UTC)
    assert local_date(instant, "Asia/Kuala_Lumpur") == date(2026, 2, 1)
    assert local_date(instant, "UTC") == date(2026, 1, 31)


@given(DAYS, ZONES)
def test_a_local_day_begins_inside_itself(day: date, zone: str):
    start = start_of_day(day, zone)
    if start.astimezone(ZoneInfo(zone)).date() == day:  # Apia skipped 2011-12-30 altogether
        assert local_date(start, zone) == day
        assert local_date(start - timedelta(microseconds=1), zone) < day
    assert month_end(day) >= day


def test_the_clock_can_be_shifted_in_every_process(monkeypatch: pytest.MonkeyPatch):
    real = datetime.now(UTC)
    monkeypatch.setenv(clock.OFFSET_VARIABLE, str(-86400))
    assert timedelta(hours=23) < real - clock.now() < timedelta(hours=25)
    monkeypatch.setenv(clock.OFFSET_VARIABLE, "")
    assert clock.now() - real < timedelta(minutes=1)
