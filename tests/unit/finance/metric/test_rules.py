from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.finance.metric.rules import (
    Said,
    calculated_figures,
    carried_figures,
    followed,
    growth_rate,
    history_from,
    month_after,
    month_before,
)
from services.finance.revenue.rules import Revenue, RevenueDay
from shared.contracts.finance import MetricKind
from tests.unit.finance.factories import day

_any_day = st.dates(date(2019, 1, 1), date(2032, 12, 31))


def kept(text, mrr, customers=1, **others):
    amounts = {"MYR": Decimal(mrr)} | {name: Decimal(amount) for name, amount in others.items()}
    return RevenueDay(day(text), Revenue({name: amount for name, amount in amounts.items() if amount}, customers))


def values(days, kind, since="2020-01-01"):
    figures = calculated_figures(days, "MYR", day(since))
    return {str(when): str(figure.value) for (found, when), figure in sorted(figures.items()) if found is kind}


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("2026-03-15", "2026-02-15"),
        ("2026-03-31", "2026-02-28"),
        ("2026-02-28", "2026-01-31"),
        ("2026-03-30", "2026-02-28"),
        ("2024-02-28", "2024-01-28"),
        ("2024-02-29", "2024-01-31"),
        ("2026-01-31", "2025-12-31"),
    ],
)
def test_a_trailing_month_ends_where_the_month_before_ended(of, expected):
    assert month_before(day(of)) == day(expected)


@given(_any_day)
def test_a_change_is_first_felt_in_growth_a_month_later(changed):
    felt = month_after(changed)
    assert month_before(felt) >= changed
    assert month_before(felt - timedelta(days=1)) < changed


@given(_any_day)
def test_enough_history_is_read(from_day):
    assert month_after(history_from(from_day) - timedelta(days=1)) < from_day


def test_growth_is_a_fraction_and_absent_without_an_earlier_value():
    assert growth_rate(Decimal(110), Decimal(100)) == Decimal("0.100000")
    assert growth_rate(Decimal(1), Decimal(3)) == Decimal("-0.666667")
    assert growth_rate(Decimal(0), Decimal(100)) == Decimal("-1.000000")
    assert growth_rate(Decimal(100), Decimal(0)) is None


def test_figures_are_dated_when_the_revenue_changes():
    days = [kept("2026-01-10", "100"), kept("2026-02-20", "150", 2)]
    assert values(days, MetricKind.MRR) == {"2026-01-10": "100", "2026-02-20": "150"}
    assert values(days, MetricKind.ARR) == {"2026-01-10": "1200", "2026-02-20": "1800"}
    assert values(days, MetricKind.CUSTOMERS) == {"2026-01-10": "1", "2026-02-20": "2"}


def test_growth_is_also_dated_a_month_after_a_change():
    days = [kept("2026-01-10", "100"), kept("2026-02-20", "150", 2)]
    assert values(days, MetricKind.GROWTH_RATE) == {
        "2026-02-10": "0.000000",
        "2026-02-20": "0.500000",
        "2026-03-20": "0.000000",
    }


def test_other_currencies_stand_beside_the_value():
    figures = calculated_figures([kept("2026-01-10", "0", USD="40")], "MYR", day("2026-01-01"))
    mrr = figures[MetricKind.MRR, day("2026-01-10")]
    arr = figures[MetricKind.ARR, day("2026-01-10")]
    assert (mrr.value, mrr.unconverted, arr.unconverted) == (0, {"USD": Decimal(40)}, {"USD": Decimal(480)})
    assert figures[MetricKind.CUSTOMERS, day("2026-01-10")].value == 1


_days = st.dictionaries(st.integers(0, 120), st.integers(0, 3), max_size=12).map(
    lambda found: [
        RevenueDay(date(2026, 1, 20) + timedelta(days=offset), Revenue({"MYR": Decimal(mrr)} if mrr else {}, place % 2))
        for place, (offset, mrr) in enumerate(sorted(found.items()))
    ]
)


@given(_days, st.integers(0, 160))
def test_a_part_of_the_history_gives_the_same_figures_as_all_of_it(days, offset):
    from_day = date(2026, 1, 20) + timedelta(days=offset)
    everything = calculated_figures(days, "MYR", date(2020, 1, 1))
    since = history_from(from_day)
    earlier = [one for one in days if one.day < since]
    part = earlier[-1:] + [one for one in days if one.day >= since]
    expected = {key: figure for key, figure in everything.items() if key[1] >= from_day}
    assert calculated_figures(part, "MYR", from_day) == expected


# --- carried forward ----------------------------------------------------------------------------


def _said(day, value, carried_from=None, *, withdrawn=False):
    return Said(
        date.fromisoformat(day), Decimal(value), None, withdrawn, carried_from and date.fromisoformat(carried_from)
    )


def test_a_quiet_day_has_the_figures_of_the_last_busy_one():
    days = [RevenueDay(date(2026, 3, 1), Revenue({"MYR": Decimal(100), "USD": Decimal(5)}, 2))]
    figures = carried_figures(days, "MYR", [date(2026, 2, 28), date(2026, 3, 9)])
    assert {day for _kind, day in figures} == {date(2026, 3, 9)}, "nothing was there in February"
    mrr = figures[MetricKind.MRR, date(2026, 3, 9)]
    assert (mrr.value, mrr.unconverted, mrr.carried_from) == (100, {"USD": 5}, date(2026, 3, 1))
    assert figures[MetricKind.ARR, date(2026, 3, 9)].value == 1200
    assert figures[MetricKind.CUSTOMERS, date(2026, 3, 9)].value == 2
    assert (MetricKind.GROWTH_RATE, date(2026, 3, 9)) not in figures, "there was no month before"
    later = carried_figures(days, "MYR", [date(2026, 4, 9)])
    assert later[MetricKind.GROWTH_RATE, date(2026, 4, 9)].value == 0


def test_what_was_carried_follows_what_it_was_carried_from():
    same = [_said("2026-03-01", 5), _said("2026-03-02", 5, "2026-03-01"), _said("2026-03-03", 5, "2026-03-01")]
    assert followed(same) == []
    corrected = [_said("2026-03-01", 7), *same[1:]]
    assert [(one.day.day, one.value) for one in followed(corrected)] == [(2, 7), (3, 7)]
    between = [same[0], _said("2026-03-02", 6), same[2]]
    assert followed(between) == [_said("2026-03-03", 6, "2026-03-02")]
    withdrawn = [_said("2026-03-01", 5, withdrawn=True), *same[1:]]
    assert [one.withdrawn for one in followed(withdrawn)] == [True, True]
    given_back = [same[0], *followed(withdrawn)]
    assert followed(given_back) == same[1:]
