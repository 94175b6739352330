import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.sync.plan_version.rules import BaselineRule, Promise
from services.sync.variance.rules import (
    PathTarget,
    back_on_track,
    compare,
    formula,
    performance_status,
    plan_sync_status,
    prorated_target,
    required_growth_rate,
    variance_pct,
)
from shared.contracts.finance import LESS_IS_BETTER, MetricKind, direction_of
from shared.contracts.plans import Direction, TargetPath
from shared.contracts.sync import PerformanceStatus, PlanSyncStatus
from shared.kernel.ids import new_id
from shared.kernel.money import quantize

MORE, LESS = Direction.MORE_IS_BETTER, Direction.LESS_IS_BETTER
VECTORS = Path(__file__).parents[3] / "vectors"
ONE_DAY = timedelta(days=1)


def cases(name):
    return json.loads((VECTORS / f"{name}.json").read_text())["cases"]


def day(text):
    return date.fromisoformat(text)


def way(baseline="12000", on="2026-01-31", final="100000", to="2026-12-31", path=TargetPath.COMPOUND, *, custom=()):
    return PathTarget(Decimal(baseline), day(on), Decimal(final), day(to), path, custom)


def month(text):
    year, number = text.split("-")
    return int(year) * 12 + int(number) - 1


@pytest.mark.parametrize("case", cases("prorated_target"))
def test_prorated_target(case):
    target = way(case["baseline"], case["baseline_date"], case["target"], case["target_date"], TargetPath(case["path"]))
    assert f"{quantize(prorated_target(target, day(case['date'])), 2):f}" == case["expect"]


@pytest.mark.parametrize("case", cases("variance"))
def test_variance(case):
    found = variance_pct(Decimal(case["actual"]), Decimal(case["target"]))
    assert (None if found is None else f"{quantize(found, 2):f}") == case["expect"]


@pytest.mark.parametrize("case", cases("variance_status"))
@pytest.mark.parametrize("kind", [kind for kind in MetricKind if kind not in LESS_IS_BETTER])
def test_status_where_more_is_better(case, kind):
    assert performance_status(Decimal(case["variance_pct"]), direction_of(kind)) == case["status"]


@pytest.mark.parametrize("case", cases("variance_status_burn"))
@pytest.mark.parametrize("kind", sorted(LESS_IS_BETTER))
def test_status_where_less_is_better(case, kind):
    assert performance_status(Decimal(case["variance_pct"]), direction_of(kind)) == case["status"]


@given(st.decimals(min_value=-200, max_value=200, places=6))
def test_the_bands_of_burn_mirror_those_of_mrr(variance):
    assert performance_status(variance, LESS) == performance_status(-variance, MORE)


@pytest.mark.parametrize(
    ("variance", "expected"),
    [
        ("-5.000001", PlanSyncStatus.ACTUAL_BELOW_TARGET),
        ("-5", PlanSyncStatus.IN_SYNC),
        ("10", PlanSyncStatus.IN_SYNC),
        ("10.000001", PlanSyncStatus.ACTUAL_ABOVE_TARGET),
    ],
)
def test_what_the_plan_is_told(variance, expected):
    assert plan_sync_status(Decimal(variance)) is expected


def test_a_plan_without_target_is_in_sync():
    assert plan_sync_status(None) is PlanSyncStatus.IN_SYNC


amounts = st.decimals(min_value="0.01", max_value="1000000000", places=2)
days = st.dates(date(2020, 1, 1), date(2032, 12, 31))
paths = st.sampled_from([None, TargetPath.COMPOUND, TargetPath.LINEAR, TargetPath.CUSTOM])


@st.composite
def ways(draw):
    start, end = sorted([draw(days), draw(days)])
    assume(start < end)
    baseline = draw(st.one_of(st.just(Decimal(0)), amounts))
    return PathTarget(baseline, start, draw(amounts), end, draw(paths))


@given(ways(), days)
def test_a_target_lies_between_baseline_and_final_target(target, when):
    low, high = sorted([target.baseline, target.final])
    assert low <= prorated_target(target, when) <= high


@given(ways(), days)
def test_a_target_never_moves_away_from_the_final_one(target, when):
    before, after = prorated_target(target, when), prorated_target(target, when + ONE_DAY)
    assert abs(target.final - after) <= abs(target.final - before)


@given(ways())
def test_a_path_has_its_ends(target):
    assert prorated_target(target, target.baseline_on) == target.baseline
    assert prorated_target(target, target.baseline_on - ONE_DAY) == target.baseline
    assert prorated_target(target, target.target_on) == target.final
    assert prorated_target(target, target.target_on + ONE_DAY) == target.final


def test_implied_growth_of_the_example():
    assert quantize(required_growth_rate(way()) * 100, 2) == Decimal("21.26")
    assert required_growth_rate(way(baseline="0")) is None
    assert required_growth_rate(way(to="2026-01-31")) is None


def test_compound_needs_both_ends_above_zero():
    assert way(baseline="0").followed is TargetPath.LINEAR
    assert way(baseline="1").followed is TargetPath.COMPOUND
    assert way(baseline="1", path=None).followed is TargetPath.COMPOUND
    assert way(baseline="0", path=None).followed is TargetPath.LINEAR
    assert way(path=TargetPath.LINEAR).followed is TargetPath.LINEAR
    assert way(path=TargetPath.CUSTOM).followed is TargetPath.COMPOUND


def test_a_custom_path_gives_the_months_amount_and_is_linear_between_given_months():
    given_months = ((month("2026-03"), Decimal(20000)), (month("2026-06"), Decimal(50000)))
    target = way(path=TargetPath.CUSTOM, custom=given_months)
    expected = {
        "2026-01-30": 12000,
        "2026-02-15": 16000,
        "2026-03-01": 20000,
        "2026-03-31": 20000,
        "2026-04-30": 30000,
        "2026-05-01": 40000,
        "2026-06-30": 50000,
        "2026-09-10": 75000,
        "2026-12-31": 100000,
        "2027-01-01": 100000,
    }
    assert {text: prorated_target(target, day(text)) for text in expected} == expected
    assert target.followed is TargetPath.CUSTOM


def test_a_target_date_before_the_baseline_is_a_step():
    target = way(to="2026-01-15")
    assert prorated_target(target, day("2026-01-10")) == 12000
    assert prorated_target(target, day("2026-01-31")) == 100000


def promise(final, **others):
    return Promise(new_id(), 3, None if final is None else Decimal(final), **others)


@pytest.mark.parametrize("final", [None])
def test_without_a_target_everything_is_planned(final):
    found = compare(day("2026-03-31"), Decimal(5), promise(final), None)
    assert (found.status, found.variance, found.progress) == (PerformanceStatus.PLANNED, None, None)
    assert compare(day("2026-03-31"), Decimal(5), None, None).status is PerformanceStatus.PLANNED


def test_a_target_that_is_still_zero_is_planned_with_progress():
    rule = BaselineRule(MetricKind.MRR, day("2026-03-31"), None)
    plan = promise("1000", target_on=day("2026-12-31"), baseline=rule)
    found = compare(day("2026-03-31"), Decimal(5), plan, None)
    assert (found.status, found.target, found.variance) == (PerformanceStatus.PLANNED, 0, None)
    assert found.progress == Decimal("0.5")
    assert found.followed is TargetPath.LINEAR


def test_the_arr_path_starts_at_twelve_times_the_mrr_observed():
    rule = BaselineRule(MetricKind.MRR, day("2026-01-31"), None, 12)
    plan = promise("1200000", target_on=day("2026-12-31"), baseline=rule)
    found = compare(day("2026-03-31"), Decimal("158798.16"), plan, Decimal(12000))
    assert found.baseline == 144000
    assert quantize(found.target, 2) == Decimal("211730.82")
    assert quantize(found.variance, 1) == Decimal("-25.0")


def test_constant_targets_have_no_path_and_no_progress():
    found = compare(day("2026-03-31"), Decimal(1150), promise("1000", direction=LESS), None)
    assert (found.variance, found.status, found.progress, found.followed) == (15, PerformanceStatus.MONITOR, None, None)


def test_a_formula_says_how_a_target_comes_about():
    assert formula(way(), day("2026-03-31")) == "12000.00 x (100000.00 / 12000.00) ^ (2 / 11) = 17644.24"
    linear = way("0", "2026-01-01", "120000", "2027-01-01", TargetPath.LINEAR)
    assert formula(linear, day("2026-07-16")) == "0.00 + (120000.00 - 0.00) x 6.4839 / 12 = 64838.71"
    assert "before it the target is the baseline" in formula(way(), day("2025-01-01"))
    assert "after it the target is the final one" in formula(way(), day("2028-01-01"))
    custom = way(path=TargetPath.CUSTOM, custom=((month("2026-03"), Decimal(20000)),))
    assert formula(custom, day("2026-03-10")).startswith("20000.00: amount of 2026-03 on the custom path")


# --- back on track ------------------------------------------------------------------------------


def test_what_would_put_mrr_back_on_track():
    compared = (Decimal("13233.18"), Decimal("17644.24"), Decimal(100000))
    found = back_on_track(MORE, day("2026-03-31"), compared, day("2026-12-31"))
    assert (found.on_track_at, found.change) == (Decimal("16762.028"), Decimal("3528.848"))
    assert quantize(found.per_month, 2) == Decimal("9640.76")
    assert quantize(found.growth, 4) == Decimal("0.2520")


def test_what_is_worse_where_less_is_better():
    found = back_on_track(LESS, day("2026-03-31"), (Decimal(1200), Decimal(1000), Decimal(1000)), None)
    assert (found.on_track_at, found.change, found.per_month, found.growth) == (1050, -150, None, None)


@pytest.mark.parametrize("to", ["2026-03-31", "2026-01-31"])
def test_a_target_in_the_past_leaves_no_months(to):
    found = back_on_track(MORE, day("2026-03-31"), (Decimal(50), Decimal(100), Decimal(100)), day(to))
    assert (found.change, found.per_month, found.growth) == (45, None, None)


@pytest.mark.parametrize("target", [None, Decimal(0)])
def test_without_a_target_there_is_no_track(target):
    assert back_on_track(MORE, day("2026-03-31"), (Decimal(5), target, target), None) is None


@given(
    st.sampled_from(Direction),
    st.decimals(-(10**9), 10**9, places=2),
    st.decimals(-(10**9), 10**9, places=2).filter(bool),
)
def test_it_is_just_enough(direction, actual, target):
    found = back_on_track(direction, day("2026-03-31"), (actual, target, target), None)
    before = variance_pct(actual, target)
    worse = before > 5 if direction is LESS else before < -5
    assert (found is not None) == worse
    if found is not None:
        status = performance_status(variance_pct(actual + found.change, target), direction)
        assert status is PerformanceStatus.ON_TRACK
        step = Decimal("0.001") if direction is LESS else Decimal("-0.001")
        assert performance_status(variance_pct(actual + found.change + step, target), direction) is not status
