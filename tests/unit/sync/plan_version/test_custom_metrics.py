from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.sync.plan_version.rules import BaselineRule, final_target, metrics_of, promise_of, timeline
from services.sync.variance.rules import compare
from shared.contracts.finance import MetricKind
from shared.contracts.plans import CustomMetricTarget, CustomPathPoint, Direction, PlanTargets, TargetPath
from shared.contracts.sync import PerformanceStatus
from tests.unit.sync.factories import plan

END = date(2026, 12, 31)
MORE, LESS = Direction.MORE_IS_BETTER, Direction.LESS_IS_BETTER


def nps(**given_fields):
    return CustomMetricTarget(**{"key": "nps", "name": "NPS", "target": Decimal(40)} | given_fields)


def versions_of(*metrics, **targets):
    """One version a month, each with one definition of the metric, or none."""
    return [
        plan(number, f"2026-{number:02d}-10", custom_metrics=(metric,) if metric else (), **targets)
        for number, metric in enumerate(metrics, start=1)
    ]


def test_the_date_of_a_target_is_its_own_or_the_plans_and_without_one_there_is_none():
    own, of_plan, neither = nps(target_date=END), nps(), nps()
    assert final_target("nps", PlanTargets(custom_metrics=(own,))) == 40
    assert final_target("nps", PlanTargets(custom_metrics=(of_plan,), target_date=END)) == 40
    assert final_target("nps", PlanTargets(custom_metrics=(neither,))) is None
    assert final_target("nps", PlanTargets(custom_metrics=(nps(target=Decimal(0)),), target_date=END)) is None
    assert final_target("other", PlanTargets(custom_metrics=(own,))) is None
    later = date(2027, 6, 30)
    assert promise_of("nps", 1, versions_of(nps(target_date=later), target_date=END)).target_on == later


def test_the_path_is_its_own_or_the_plans_but_never_the_months_of_mrr():
    mrr = (CustomPathPoint(month="2026-05", amount=Decimal(5000)),)
    own = (CustomPathPoint(month="2026-06", amount=Decimal(20)),)
    of_plan = versions_of(nps(), target_date=END, path=TargetPath.CUSTOM, custom_path=mrr)
    assert (promise_of("nps", 1, of_plan).path, promise_of("nps", 1, of_plan).custom) == (TargetPath.CUSTOM, ())
    straight = versions_of(nps(path=TargetPath.LINEAR), target_date=END, path=TargetPath.CUSTOM, custom_path=mrr)
    assert (promise_of("nps", 1, straight).path, promise_of("nps", 1, straight).custom) == (TargetPath.LINEAR, ())
    by_month = versions_of(nps(path=TargetPath.CUSTOM, custom_path=own), target_date=END)
    assert promise_of("nps", 1, by_month).custom == ((2026 * 12 + 5, 20),)


def test_a_baseline_stays_until_a_version_sets_another():
    set_later = versions_of(nps(), nps(baseline_value=Decimal(10)), nps(), target_date=END)
    found = [promise_of("nps", number, set_later).baseline for number in (1, 2, 3)]
    first, second = BaselineRule("nps", date(2026, 1, 10), None), BaselineRule("nps", date(2026, 2, 10), Decimal(10))
    assert found == [first, second, second]
    of_plan = versions_of(nps(), target_date=END, baseline_value=Decimal(9000), baseline_date=date(2025, 12, 31))
    assert promise_of("nps", 1, of_plan).baseline == BaselineRule("nps", date(2025, 12, 31), None), "9000 is of MRR"


def test_a_metric_that_no_version_defines_is_promised_nothing_and_a_removed_one_no_more():
    assert timeline("nps", versions_of(None, None)).at(END) is None
    removed = timeline("nps", versions_of(nps(), None, target_date=END))
    assert (removed.at(date(2026, 1, 31)).final, removed.at(date(2026, 2, 1)).final) == (40, None)
    assert (
        compare(date(2026, 2, 1), Decimal(50), removed.at(date(2026, 2, 1)), None).status is PerformanceStatus.PLANNED
    )


def test_another_direction_in_a_later_version_judges_from_its_month_on():
    turned = timeline("nps", versions_of(nps(), nps(direction=LESS), target_date=END))
    found = [
        compare(day, Decimal(60), turned.at(day), Decimal(40)).status for day in (date(2026, 1, 31), date(2026, 2, 1))
    ]
    assert found == [PerformanceStatus.EXCEEDING, PerformanceStatus.LAGGING]
    before = timeline("nps", versions_of(nps(), target_date=END))
    assert turned.differs_from(before) == date(2026, 2, 1)


def test_what_versions_may_promise():
    several = [*versions_of(nps(), None), plan(3, "2026-03-10", custom_metrics=(nps(key="churn"),))]
    assert metrics_of(several) == [*MetricKind, "churn", "nps"]


DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31))
AMOUNTS = st.none() | st.decimals(0, 1000, places=2)


@st.composite
def mirrored(draw):
    """Versions of a plan that promise the same of MRR and of a custom metric."""
    made = []
    saved_on = draw(DAYS)
    for number in range(1, draw(st.integers(1, 4)) + 1):
        saved_on += timedelta(days=draw(st.integers(0, 60)))
        path = draw(st.sampled_from([None, *TargetPath]))
        month = draw(DAYS)
        points = (CustomPathPoint(month=f"{month:%Y-%m}", amount=Decimal(7)),) if path is TargetPath.CUSTOM else ()
        same = {"baseline_value": draw(AMOUNTS), "path": path, "custom_path": points}
        target, of_plan = draw(AMOUNTS), draw(st.booleans())
        dates = {"target_date": draw(st.none() | DAYS), "baseline_date": draw(st.none() | DAYS)}
        custom = nps(target=target, **same, **({} if of_plan else dates))
        made.append(plan(number, f"{saved_on}", target_mrr=target, custom_metrics=(custom,), **same, **dates))
    return made


@given(mirrored(), DAYS)
def test_a_custom_metric_is_promised_as_mrr_is(versions, day):
    mrr, custom = timeline(MetricKind.MRR, versions), timeline("nps", versions)
    assert custom.starts == mrr.starts
    one, other = mrr.at(day), custom.at(day)
    assert (one.plan_version, one.final, one.target_on, one.path, one.custom, one.direction) == (
        *(other.plan_version, other.final, other.target_on, other.path, other.custom, other.direction),
    )
    assert (one.baseline is None) == (other.baseline is None)
    if one.baseline is not None:
        assert (one.baseline.on, one.baseline.value, one.baseline.factor) == (
            *(other.baseline.on, other.baseline.value, other.baseline.factor),
        )
        assert other.baseline.metric == "nps"
    assert compare(day, Decimal(5), one, Decimal(3)) == compare(day, Decimal(5), other, Decimal(3))
