from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.sync.projection.rules import (
    MOST_MONTHS,
    SUPERSEDED_NOTE,
    Assumption,
    Assumptions,
    assumptions_of,
    footing,
    forecast,
    month_ends_to,
    projection_name,
)
from services.sync.variance.rules import PathTarget
from shared.contracts.sync import ProjectionStatus
from shared.kernel.money import quantize
from tests.unit.sync.factories import plan

START, END = date(2026, 1, 31), date(2026, 12, 31)


def way(baseline="12000", final="100000", to=END):
    return PathTarget(Decimal(baseline), START, Decimal(final), to)


def assumed(burn="30000", share="0.5", growth="0.05"):
    return Assumptions(*[Assumption(Decimal(value), "plan") for value in (burn, share, growth)])


def test_the_example_month_by_month():
    found = forecast(way(), Decimal(200000), assumed())
    assert len(found.months) == 11
    assert found.months[0].month_end == date(2026, 2, 28)
    assert quantize(found.months[1].revenue, 2) == Decimal("17644.24")
    assert found.months[-1].revenue == 100000
    # C0 = 30 000 + 12 000; costs_2 = 21 000 + 21 000 x 1.05^2
    assert found.months[1].costs == Decimal("44152.500000")
    assert quantize(found.required_growth_rate, 4) == Decimal("0.2126")
    assert found.break_even_month == date(2026, 9, 30)
    assert found.cash_out_month is None


def test_cash_runs_out_in_the_first_month_without_any():
    found = forecast(way(), Decimal(50000), assumed())
    months = {month.month_end: month for month in found.months}
    assert found.cash_out_month == date(2026, 3, 31)
    assert months[found.cash_out_month].cash < 0
    assert months[found.cash_out_month].runway_months == 0


def test_without_cash_there_is_neither_cash_nor_runway():
    found = forecast(way(), None, assumed())
    assert {month.cash for month in found.months} == {None}
    assert {month.runway_months for month in found.months} == {None}
    assert found.cash_out_month is None


def test_no_month_left_is_no_projection():
    assert forecast(way(to=date(2026, 1, 31)), None, assumed()) is None
    assert forecast(way(to=date(2025, 6, 30)), None, assumed()) is None


def test_a_projection_reaches_ten_years_at_most():
    assert len(month_ends_to(START, date(2090, 1, 1))) == MOST_MONTHS


def test_costs_that_grow_beyond_all_bounds_are_held():
    found = forecast(way(to=date(2035, 12, 31)), Decimal(1), assumed("1000000", "1", "10"))
    assert found.months[-1].costs == Decimal("99999999999999.999999")
    assert found.months[-1].cash == Decimal("-99999999999999.999999")


amounts = st.decimals(min_value=0, max_value=10**9, places=2)


@given(amounts, amounts, amounts, st.decimals(min_value=0, max_value=1, places=4))
def test_cash_falls_by_what_is_burned(baseline, final, cash, share):
    found = forecast(PathTarget(baseline, START, final, END), cash, assumed("1000", str(share), "0.05"))
    spent = sum(month.net_burn for month in found.months)
    assert abs(cash - spent - found.months[-1].cash) <= Decimal("0.00002")
    for month in found.months:
        assert abs(month.costs - month.revenue - month.net_burn) <= Decimal("0.000002")


def test_assumptions_come_from_the_plan_then_from_what_was_observed_then_from_defaults():
    own = assumptions_of(
        plan(1, "2026-01-01", expected_burn_rate="-5", payroll_share="0.7", salary_growth="0.01"), Decimal(9)
    )
    assert [one.origin for one in (own.burn, own.payroll_share, own.salary_growth)] == ["plan"] * 3
    assert own.burn.value == -5
    other = assumptions_of(plan(1, "2026-01-01"), Decimal(9))
    assert (other.burn, other.payroll_share) == (
        Assumption(Decimal(9), "observed"),
        Assumption(Decimal("0.5"), "default"),
    )
    assert assumptions_of(plan(1, "2026-01-01"), None).burn == Assumption(Decimal(0), "default")
    assert other.salary_growth == Assumption(Decimal("0.05"), "default")


def test_a_projection_is_outdated_by_the_first_later_financial_change():
    versions = [
        plan(1, "2026-01-01"),
        plan(2, "2026-01-02"),
        plan(3, "2026-01-03", financial=True),
        plan(4, "2026-01-04", financial=True),
    ]
    assert footing(1, versions[:2], superseded=False).status is ProjectionStatus.ACTIVE
    outdated = footing(1, versions, superseded=False)
    assert (outdated.status, outdated.outdated_by.version) == (ProjectionStatus.OUTDATED, 3)
    assert outdated.note == "Plan v3 changed: target_mrr."
    assert footing(1, list(reversed(versions)), superseded=False) == outdated
    assert footing(4, versions, superseded=False).status is ProjectionStatus.ACTIVE
    assert footing(4, versions, superseded=True).note == SUPERSEDED_NOTE
    assert projection_name(4) == "Business plan baseline (v4)"
