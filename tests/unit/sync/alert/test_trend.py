from datetime import date
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.sync.alert.rules import DEFAULT_LIMITS, Destination, find_target_at_risk
from services.sync.alert.rules.limits import Limit
from services.sync.alert.rules.trend import month_position, robust_trend
from shared.contracts.sync import AlertType, Severity
from shared.kernel.money import quantize
from shared.kernel.periods import add_months, month_end

START, TARGET_ON = date(2026, 1, 31), date(2026, 12, 31)


def monthly(*values):
    return [(month_end(add_months(START, number)), Decimal(value)) for number, value in enumerate(values)]


def way(values, final="100000", target_on=TARGET_ON):
    return Destination(Decimal(final), target_on, 1, "MYR", values)


def steady(growth, count, first=10_000):
    return monthly(*(Decimal(first) * (1 + Decimal(growth)) ** number for number in range(count)))


def test_a_steady_growth_is_found_and_led_on():
    trend = robust_trend(steady("0.10", 6))
    assert trend.logs
    assert quantize(trend.growth, 6) == Decimal("0.100000")
    value, low, high = trend.at(TARGET_ON)
    assert quantize(value, 2) == quantize(low, 2) == quantize(high, 2) == quantize(10_000 * Decimal("1.1") ** 11, 2)


def test_one_wild_month_does_not_move_it():
    values = steady("0.10", 6)
    values[2] = (values[2][0], Decimal(1))
    assert quantize(robust_trend(values).growth, 4) == Decimal("0.1000")


def test_a_value_of_nothing_makes_it_a_trend_of_levels():
    trend = robust_trend(monthly(0, 100, 200, 300))
    assert not trend.logs
    assert trend.growth is None
    assert quantize(trend.at(date(2026, 6, 30))[0], 6) == 500


def test_three_months_are_the_least():
    assert robust_trend(monthly(1, 2)) is None
    assert robust_trend(monthly(1, 2, 3)) is not None
    days = [date(2026, 3, 1), date(2026, 3, 15), date(2026, 4, 2)]
    assert robust_trend([(day, Decimal(5)) for day in days]) is None


def test_months_have_whole_ends():
    assert month_position(date(2026, 2, 28)) - month_position(START) == 1
    assert month_position(date(2026, 2, 14)) - month_position(START) == Decimal("0.5")


def test_the_alert_tells_the_forecast_and_its_interval():
    values = monthly(12000, 12600, 13100, 13900, 14600, 15300)
    found = find_target_at_risk(way(values))
    assert (found.type, found.severity) == (AlertType.TARGET_AT_RISK, Severity.WARNING)
    assert found.related_plan_section == "financials"
    assert found.observed_on == values[-1][0]
    assert found.outlook.on == TARGET_ON
    assert found.outlook.low < found.outlook.value < found.outlook.high
    assert found.message == (
        "At the trend of the last months (+5.0 % a month) MRR will be MYR 20,568.06 on 2026-12-31 (90 % interval: "
        "MYR 20,391.88 to MYR 20,592.31), 79.4 % below the target of MYR 100,000.00 (plan v1)."
    )


def test_exactly_fifteen_percent_is_no_risk():
    # Levels (there is a 0), so that the forecast is exact: 0, 85, 170, 255 leads to 935 in December.
    values = monthly(0, 85, 170, 255)
    assert find_target_at_risk(way(values, final="1100")) is None
    assert find_target_at_risk(way(values, final="1100.01")) is not None


def test_on_the_way_after_the_date_or_turned_off_there_is_nothing_to_say():
    values = steady("0.02", 6)
    assert find_target_at_risk(way(values, final="11000")) is None
    assert find_target_at_risk(way(values, target_on=values[-1][0])) is None
    assert find_target_at_risk(way([])) is None
    off = {**DEFAULT_LIMITS, AlertType.TARGET_AT_RISK: Limit(Decimal(15), enabled=False)}
    assert find_target_at_risk(way(values), off) is None
    wide = {**DEFAULT_LIMITS, AlertType.TARGET_AT_RISK: Limit(Decimal(95))}
    assert find_target_at_risk(way(values), wide) is None


@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=2), min_size=3, max_size=8))
def test_the_forecast_lies_within_its_interval(values):
    trend = robust_trend(monthly(*values))
    value, low, high = trend.at(TARGET_ON)
    assert low <= value <= high
    assert trend.slope_low <= trend.slope <= trend.slope_high


@given(st.lists(st.decimals(min_value=1, max_value=10**6, places=2), min_size=3, max_size=8))
def test_what_grows_every_month_has_a_growing_trend(steps):
    values = [sum(steps[: number + 1]) for number in range(len(steps))]
    assert all(later > earlier for earlier, later in pairwise(values))
    assert robust_trend(monthly(*values)).slope > 0
