from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.plan_version.rules import (
    BaselineRule,
    PlanVersion,
    final_target,
    first_with_target,
    promise_of,
    timeline,
)
from shared.contracts.finance import MetricKind
from shared.contracts.plans import CustomPathPoint, PlanTargets, TargetPath
from tests.unit.sync.factories import PLAN, plan

END = date(2026, 12, 31)


def at(kind, versions, text):
    return timeline(kind, versions).at(date.fromisoformat(text))


def test_without_a_plan_nothing_is_promised():
    assert timeline(MetricKind.MRR, []).at(date(2026, 1, 1)) is None


def test_a_version_holds_from_the_month_in_which_it_was_saved():
    versions = [
        plan(1, "2026-01-10", target_mrr="100", target_date=END),
        plan(2, "2026-03-20", target_mrr="200", target_date=END),
    ]
    finals = {text: at(MetricKind.MRR, versions, text).final for text in ("2025-06-01", "2026-02-28", "2026-03-01")}
    assert finals == {"2025-06-01": 100, "2026-02-28": 100, "2026-03-01": 200}


def test_of_two_versions_in_one_month_the_later_one_holds_but_the_first_keeps_what_was_before():
    versions = [
        plan(1, "2026-03-10", target_mrr="100", target_date=END),
        plan(2, "2026-03-20", target_mrr="200", target_date=END),
    ]
    assert at(MetricKind.MRR, versions, "2026-02-28").plan_version == 1
    assert at(MetricKind.MRR, versions, "2026-03-01").plan_version == 2


def test_the_first_version_with_a_target_also_holds_for_what_was_before_it():
    versions = [
        plan(1, "2026-01-10"),
        plan(2, "2026-03-20", target_mrr="200", target_date=END),
        plan(3, "2026-05-02"),
    ]
    promised = {text: at(MetricKind.MRR, versions, text) for text in ("2026-01-15", "2026-04-30", "2026-05-01")}
    assert {text: (one.plan_version, one.final) for text, one in promised.items()} == {
        "2026-01-15": (2, 200),
        "2026-04-30": (2, 200),
        "2026-05-01": (3, None),
    }
    assert first_with_target(MetricKind.MRR, versions).version == 2
    assert first_with_target(MetricKind.BURN_RATE, versions) is None


@pytest.mark.parametrize(
    ("kind", "targets", "expected"),
    [
        (MetricKind.MRR, {"target_mrr": "100", "target_date": END}, "100"),
        (MetricKind.MRR, {"target_arr": "1200", "target_date": END}, "100"),
        (MetricKind.ARR, {"target_mrr": "100", "target_date": END}, "1200"),
        (MetricKind.ARR, {"target_arr": "1201", "target_mrr": "100", "target_date": END}, "1201"),
        (MetricKind.CUSTOMERS, {"target_customers": 40, "target_date": END}, "40"),
        (MetricKind.MRR, {"target_mrr": "100"}, None),
        (MetricKind.MRR, {"target_mrr": "0", "target_date": END}, None),
        (MetricKind.CAC, {"expected_cac": "80"}, "80"),
        (MetricKind.CAC, {"expected_cac": "0"}, None),
        (MetricKind.LTV, {"expected_ltv": "240"}, "240"),
        (MetricKind.LTV_CAC, {"expected_ltv": "240", "expected_cac": "80"}, "3"),
        (MetricKind.LTV_CAC, {"expected_ltv": "240", "expected_cac": "80", "expected_ltv_cac": "4"}, "4"),
        (MetricKind.LTV_CAC, {"expected_ltv": "240", "expected_cac": "0"}, None),
        (MetricKind.PAYBACK_MONTHS, {"expected_payback_months": "9"}, "9"),
        (MetricKind.BURN_RATE, {"expected_burn_rate": "-500"}, "-500"),
        (MetricKind.GROSS_BURN, {"expected_burn_rate": "500"}, None),
        (MetricKind.RUNWAY_MONTHS, {"expected_runway_months": "18"}, "18"),
        (MetricKind.GROWTH_RATE, {"expected_growth_rate": "0.1"}, "0.1"),
        (MetricKind.CASH, {"target_mrr": "100", "target_date": END}, None),
    ],
)
def test_the_target_of_each_kind(kind, targets, expected):
    assert final_target(kind, PlanTargets(**targets)) == (None if expected is None else Decimal(expected))


MRR = {"target_mrr": "100", "target_date": END}


def test_the_baseline_is_the_plans_own_and_later_versions_keep_it_unless_they_set_another():
    versions = [
        plan(1, "2026-01-10", **MRR, baseline_value="12", baseline_date=date(2025, 12, 31)),
        plan(2, "2026-02-10", **MRR),
        plan(3, "2026-03-10", **MRR, baseline_value="20", baseline_date=date(2026, 2, 28)),
        plan(4, "2026-04-10", **MRR),
    ]
    own, other = (
        BaselineRule(MetricKind.MRR, date(2025, 12, 31), Decimal(12)),
        BaselineRule(MetricKind.MRR, date(2026, 2, 28), Decimal(20)),
    )
    found = [promise_of(MetricKind.MRR, number, versions).baseline for number in (1, 2, 3, 4)]
    assert found == [own, own, other, other]
    assert promise_of(MetricKind.ARR, 4, versions).baseline == BaselineRule(
        MetricKind.MRR, date(2026, 2, 28), Decimal(20), 12
    )


def test_else_an_observation_gives_it_on_the_day_of_the_first_version_with_this_target():
    versions = [plan(1, "2026-01-10"), plan(2, "2026-02-10", **MRR), plan(3, "2026-03-10", **MRR, target_customers=5)]
    assert promise_of(MetricKind.MRR, 3, versions).baseline == BaselineRule(MetricKind.MRR, date(2026, 2, 10), None)
    assert promise_of(MetricKind.CUSTOMERS, 3, versions).baseline == BaselineRule(
        MetricKind.CUSTOMERS, date(2026, 3, 10), None
    )


def test_a_stated_baseline_value_is_mrr_only_while_its_date_is_everybodys():
    versions = [plan(1, "2026-03-10", **MRR, target_customers=5, baseline_value="7", baseline_date=date(2026, 1, 31))]
    assert promise_of(MetricKind.CUSTOMERS, 1, versions).baseline == BaselineRule(
        MetricKind.CUSTOMERS, date(2026, 1, 31), None
    )


def test_a_custom_path_is_mrr_by_month():
    points = (CustomPathPoint(month="2026-05", amount="50"), CustomPathPoint(month="2026-02", amount="20"))
    versions = [plan(1, "2026-01-10", **MRR, target_customers=5, path=TargetPath.CUSTOM, custom_path=points)]
    february, may = 2026 * 12 + 1, 2026 * 12 + 4
    assert promise_of(MetricKind.MRR, 1, versions).custom == ((february, 20), (may, 50))
    assert promise_of(MetricKind.ARR, 1, versions).custom == ((february, 240), (may, 600))
    assert promise_of(MetricKind.CUSTOMERS, 1, versions).custom == ()


saved_days = st.dates(date(2025, 1, 1), date(2026, 12, 31))
targets = st.builds(
    lambda mrr, dated, baseline: PlanTargets(
        target_mrr=mrr, target_date=END if dated else None, baseline_value=baseline
    ),
    st.one_of(st.none(), st.sampled_from([Decimal(0), Decimal(100), Decimal(200)])),
    st.booleans(),
    st.one_of(st.none(), st.just(Decimal(5))),
)


@st.composite
def histories(draw):
    saves = sorted(draw(st.lists(saved_days, max_size=6)))
    return [
        PlanVersion(PLAN, number, saved_on, draw(targets), financial_change=draw(st.booleans()))
        for number, saved_on in enumerate(saves, start=1)
    ]


@given(histories(), st.randoms())
def test_the_order_in_which_versions_arrive_does_not_matter(versions, random):
    shuffled = list(versions)
    random.shuffle(shuffled)
    assert timeline(MetricKind.MRR, shuffled) == timeline(MetricKind.MRR, versions)


@given(histories(), st.data())
def test_days_before_the_first_difference_promise_the_same(versions, data):
    new = data.draw(st.sets(st.sampled_from(versions))) if versions else set()
    before = timeline(MetricKind.MRR, [version for version in versions if version not in new])
    after = timeline(MetricKind.MRR, versions)
    start = after.differs_from(before)
    for number in range(0, 760, 7):
        when = date(2024, 12, 1) + timedelta(days=number)
        if start is None or when < start:
            assert after.at(when) == before.at(when)
    if start is not None:
        assert after.at(start) != before.at(start)


@given(histories(), saved_days)
def test_a_later_version_never_reaches_into_closed_history(versions, saved_on):
    having = [version for version in versions if final_target(MetricKind.MRR, version.targets) is not None]
    if not having:
        return
    saved_on = max([saved_on, *(version.saved_on for version in versions)])
    later = PlanVersion(PLAN, len(versions) + 1, saved_on, PlanTargets(target_mrr="900", target_date=END))
    start = timeline(MetricKind.MRR, [*versions, later]).differs_from(timeline(MetricKind.MRR, versions))
    assert start is None or start >= saved_on.replace(day=1)
