from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.report.rules.period import UnknownPeriod, example, month_days, report_period

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("template", "code", "start_month", "span", "label"),
    [
        ("quarterly", "2026-Q3", 1, (date(2026, 7, 1), date(2026, 10, 1)), "Q3 2026"),
        ("quarterly", "2026-Q1", 4, (date(2025, 4, 1), date(2025, 7, 1)), "Q1 FY2026"),
        ("quarterly", "2027-Q2", 7, (date(2026, 10, 1), date(2027, 1, 1)), "Q2 FY2027"),
        ("monthly", "2026-02", 7, (date(2026, 2, 1), date(2026, 3, 1)), "February 2026"),
        ("monthly", "2025-12", 1, (date(2025, 12, 1), date(2026, 1, 1)), "December 2025"),
    ],
)
def test_a_code_names_a_span_of_the_fiscal_calendar(template, code, start_month, span, label):
    period = report_period(template, code, TODAY, start_month)
    assert (period.start, period.end) == span
    assert period.label == label


def test_a_period_that_is_over_is_reported_to_its_last_day():
    period = report_period("quarterly", "2026-Q3", TODAY, 1)
    assert period.as_of == date(2026, 9, 30)
    assert period.complete


def test_a_running_period_is_reported_up_to_today():
    period = report_period("quarterly", "2026-Q4", TODAY, 1)
    assert period.as_of == TODAY
    assert not period.complete


def test_the_last_day_of_a_period_still_runs():
    assert not report_period("monthly", "2026-11", date(2026, 11, 30), 1).complete
    assert report_period("monthly", "2026-11", date(2026, 12, 1), 1).complete


@pytest.mark.parametrize(
    "code",
    ["", "2026", "2026-Q5", "2026-Q0", "Q3-2026", "2026-Q3 ", "2026-07", "\u0662\u0660\u0662\u0666-Q3", "2026-Q33"],
)
def test_what_is_no_quarter_is_refused_with_an_example(code):
    with pytest.raises(UnknownPeriod, match=r'fiscal quarter.*"2026-Q4"'):
        report_period("quarterly", code, TODAY, 1)


@pytest.mark.parametrize("code", ["2026-13", "2026-00", "2026-9", "2026-Q3", "2026-09-01"])
def test_what_is_no_month_is_refused_with_an_example(code):
    with pytest.raises(UnknownPeriod, match=r'month.*"2026-11"'):
        report_period("monthly", code, TODAY, 1)


@pytest.mark.parametrize(
    ("template", "code"), [("quarterly", "2027-Q1"), ("monthly", "2026-12"), ("monthly", "2099-01")]
)
def test_a_period_that_has_not_begun_is_refused(template, code):
    with pytest.raises(UnknownPeriod, match=r"between|begins"):
        report_period(template, code, TODAY, 1)


@pytest.mark.parametrize("code", ["0000-Q1", "0001-Q1", "1999-Q4", "9999-Q4"])
def test_years_out_of_reach_are_refused(code):
    for start_month in (1, 4):
        with pytest.raises(UnknownPeriod):
            report_period("quarterly", code, TODAY, start_month)


@given(st.dates(date(2001, 1, 1), date(2100, 12, 31)), st.integers(1, 12), st.sampled_from(["quarterly", "monthly"]))
def test_the_example_is_always_a_period_that_holds_today(today, start_month, template):
    period = report_period(template, example(template, today, start_month), today, start_month)
    assert period.start <= today < period.end
    assert period.as_of == today


@given(st.dates(date(2002, 1, 1), date(2100, 12, 31)))
def test_twelve_month_ends_lead_up_to_the_day(today):
    period = report_period("monthly", f"{today:%Y-%m}", today, 1)
    days = month_days(period, 12)
    assert len(days) == 12
    assert days[-1] == today
    assert all((day + timedelta(days=1)).day == 1 for day in days[:-1])
    assert len({(day.year, day.month) for day in days}) == 12
    assert days == sorted(days)
