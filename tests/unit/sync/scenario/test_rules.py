from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sync.projection.rules import Assumption, Assumptions, forecast
from services.sync.scenario.rules.bands import PERCENTILES, growth_volatility, percentile_bands
from services.sync.scenario.rules.course import (
    ADJUSTMENTS,
    Adjustment,
    Scenario,
    Step,
    adjusted_growth,
    scenario_forecast,
    scenario_name,
)
from services.sync.variance.rules import PathTarget
from shared.kernel.money import quantize

START, END = date(2026, 1, 31), date(2026, 12, 31)
CASH = Decimal(500_000)


def way(baseline="12000", final="100000", to=END):
    return PathTarget(Decimal(baseline), START, Decimal(final), to)


def assumed(burn="30000", share="0.5", growth="0.05"):
    return Assumptions(*[Assumption(Decimal(value), "plan") for value in (burn, share, growth)])


def test_base_is_the_plans_own_projection():
    assert scenario_forecast(way(), CASH, assumed(), ADJUSTMENTS[Scenario.BASE]) == forecast(way(), CASH, assumed())


def test_conservative_takes_three_quarters_of_the_growth_at_a_tenth_more_cost():
    plan = forecast(way(), CASH, assumed())
    found = scenario_forecast(way(), CASH, assumed(), ADJUSTMENTS[Scenario.CONSERVATIVE])
    # The plan grows by 21.26 % a month; three quarters of it are 15.94 %.
    assert quantize(found.months[0].revenue / 12000, 4) == Decimal("1.1594")
    for planned, month in zip(plan.months, found.months, strict=True):
        assert quantize(month.costs, 4) == quantize(planned.costs * Decimal("1.1"), 4)


def test_steps_come_in_their_month():
    steps = (
        Step(date(2026, 3, 10), monthly_revenue=Decimal(1000), monthly_costs=Decimal(400)),
        Step(date(2026, 4, 2), inflow=Decimal(250_000)),
    )
    plan = forecast(way(), CASH, assumed())
    found = scenario_forecast(way(), CASH, assumed(), Adjustment(steps=steps))
    gained = [month.revenue - planned.revenue for planned, month in zip(plan.months, found.months, strict=True)]
    assert gained == [0, *[1000] * 10]
    cash = [month.cash - planned.cash for planned, month in zip(plan.months, found.months, strict=True)]
    assert cash[:4] == [0, 600, 251_200, 251_800]


def test_what_came_in_before_the_first_projected_month_is_in_its_cash():
    found = scenario_forecast(way(), CASH, assumed(), Adjustment(steps=(Step(date(2026, 1, 5), inflow=Decimal(9)),)))
    plan = forecast(way(), CASH, assumed())
    assert {month.cash - planned.cash for planned, month in zip(plan.months, found.months, strict=True)} == {9}


def test_an_own_growth_takes_the_place_of_the_paths():
    found = scenario_forecast(way(), None, assumed(), Adjustment(monthly_growth=Decimal("0.1")))
    assert found.months[1].revenue == Decimal(14520)


def test_a_path_from_nothing_grows_by_amounts():
    double = Adjustment(growth_factor=Decimal(2))
    found = scenario_forecast(way("0", "11000"), None, assumed(), double)
    plan = forecast(way("0", "11000"), None, assumed())
    assert found.months[0].revenue == 2 * plan.months[0].revenue
    assert found.months[-1].revenue > plan.months[-1].revenue


def test_no_month_left_is_no_scenario():
    assert scenario_forecast(way(to=START), None, assumed(), Adjustment()) is None


@pytest.mark.parametrize(("growth", "factor", "adjusted"), [("0.2", "0.5", "0.10"), ("-0.2", "0.5", "-0.30")])
def test_a_worse_factor_lessens_growth_and_deepens_decline(growth, factor, adjusted):
    assert adjusted_growth(Decimal(growth), Decimal(factor)) == Decimal(adjusted)


amounts = st.decimals(min_value=1, max_value=10**7, places=2)


@settings(max_examples=40)
@given(amounts, amounts, st.decimals(min_value=0, max_value=10**6, places=2))
def test_conservative_is_never_better_than_base_nor_base_than_aggressive(baseline, final, burn):
    cases = [
        scenario_forecast(PathTarget(baseline, START, final, END), CASH, assumed(str(burn)), ADJUSTMENTS[scenario])
        for scenario in (Scenario.CONSERVATIVE, Scenario.BASE, Scenario.AGGRESSIVE)
    ]
    for worse, better in pairwise(cases):
        for one, other in zip(worse.months, better.months, strict=True):
            assert one.revenue <= other.revenue
            assert one.costs >= other.costs
            assert one.cash <= other.cash


def test_names():
    assert scenario_name(Scenario.AGGRESSIVE, 3) == "Aggressive (v3)"
    assert scenario_name(Scenario.WHAT_IF, 2, "Raise in May") == "Raise in May (v2)"


# --- bands -------------------------------------------------------------------------------------


def three_years(cash=CASH):
    return forecast(PathTarget(Decimal(12000), START, Decimal(100000), date(2029, 1, 31)), cash, assumed())


def drawn(volatility="0.08", paths=10_000, seed=1, cash=CASH):
    found = three_years(cash)
    return found, percentile_bands(found.months, found.start_cash, Decimal(volatility), paths=paths, seed=seed)


def test_the_same_seed_draws_the_same_bands_and_another_others():
    assert drawn()[1] == drawn()[1]
    assert drawn()[1] != drawn(seed=2)[1]


def test_percentiles_are_ordered_and_the_median_follows_the_projection():
    projection, bands = drawn()
    assert len(bands.months) == 36
    for planned, month in zip(projection.months, bands.months, strict=True):
        assert list(month.revenue) == sorted(month.revenue)
        assert abs(month.revenue[2] / planned.revenue - 1) < Decimal("0.03")
    width = [month.revenue[-1] / month.revenue[0] for month in bands.months]
    assert width[0] < width[11] < width[35]


def test_a_normal_quantile_is_where_it_should_be():
    # After one month the 95th percentile lies 1.645 volatilities above the projection.
    projection, bands = drawn("0.10", paths=20_000)
    ratio = (bands.months[0].revenue[4] / projection.months[0].revenue).ln() / Decimal("0.10")
    assert abs(ratio - Decimal("1.645")) < Decimal("0.05")


def test_without_volatility_every_percentile_is_the_projection():
    projection, bands = drawn("0", paths=100)
    for planned, month in zip(projection.months, bands.months, strict=True):
        assert {quantize(one, 2) for one in month.revenue} == {quantize(planned.revenue, 2)}
        runways = {None if one is None else quantize(one, 2) for one in month.runway_months}
        gone = any(earlier.cash <= 0 for earlier in projection.months if earlier.month_end <= planned.month_end)
        expected = planned.runway_months
        assert runways == {Decimal(0) if gone else None if expected is None else quantize(expected, 2)}
        assert month.solvent_share == (0 if gone else 1)


def test_without_cash_there_is_no_runway():
    _projection, bands = drawn(paths=100, cash=None)
    assert {month.runway_months for month in bands.months} == {None}
    assert {month.solvent_share for month in bands.months} == {None}


def test_the_share_that_is_solvent_never_rises():
    _projection, bands = drawn("0.3", paths=1000, cash=Decimal(200_000))
    shares = [month.solvent_share for month in bands.months]
    assert shares == sorted(shares, reverse=True)
    assert 0 < shares[-1] < 1
    assert len(bands.months[0].runway_months) == len(PERCENTILES)


def test_volatility_is_the_deviation_of_log_growth():
    assert growth_volatility([Decimal(value) for value in (100, 110, 121, "133.1")]) == 0
    assert growth_volatility([Decimal(value) for value in (100, 120, 100, 120, 100)]) == Decimal("0.210527")
    assert growth_volatility([Decimal(value) for value in (100, 110, 121)]) is None
    assert growth_volatility([Decimal(value) for value in (0, 0, 5, 6, 7)]) is None
