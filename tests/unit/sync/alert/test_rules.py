import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.alert.rules import (
    FirstActual,
    Newest,
    Standing,
    Verdict,
    find_deviation,
    find_first_metric,
    find_outdated_projection,
    is_silent,
    judge,
)
from services.sync.variance.rules import Comparison, performance_status
from shared.contracts.finance import MetricKind, direction_of
from shared.contracts.plans import TargetPath
from shared.contracts.sync import AlertType, PerformanceStatus, Severity

DAY = date(2026, 3, 31)
MARCH = date(2026, 3, 1)
VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "variance_status.json").read_text())["cases"]


def newest(variance, kind=MetricKind.MRR, target="10000"):
    v, t = Decimal(variance), Decimal(target)
    status = performance_status(v, direction_of(kind))
    compared = Comparison(t + t * v / 100, status, t, t, v, None, TargetPath.COMPOUND)
    return Newest(kind, DAY, compared, 2, "MYR")


def runway(months):
    compared = Comparison(Decimal(months), PerformanceStatus.PLANNED)
    return Newest(MetricKind.RUNWAY_MONTHS, DAY, compared, None, "MYR")


def severity(alert_type, found):
    finding = find_deviation(alert_type, found)
    return finding.severity.value if finding else None


@pytest.mark.parametrize("case", VECTORS)
def test_which_mrr_variance_raises_which_alert(case):
    alert_type = AlertType.MRR_ABOVE_TARGET if Decimal(case["variance_pct"]) > 0 else AlertType.MRR_BELOW_TARGET
    assert severity(alert_type, newest(case["variance_pct"])) == case["alert"]


@given(st.decimals(min_value=-100, max_value=1000, places=3))
def test_never_both_below_and_above(variance):
    found = newest(variance)
    assert None in (severity(AlertType.MRR_BELOW_TARGET, found), severity(AlertType.MRR_ABOVE_TARGET, found))


@pytest.mark.parametrize(
    ("variance", "expected"),
    [("15", None), ("15.001", "WARNING"), ("30", "WARNING"), ("30.001", "CRITICAL"), ("-90", None)],
)
def test_burn(variance, expected):
    assert severity(AlertType.BURN_EXCEEDS_FORECAST, newest(variance, MetricKind.BURN_RATE)) == expected


@pytest.mark.parametrize(
    ("months", "expected"),
    [("6", None), ("5.999", "WARNING"), ("4", "WARNING"), ("3.999", "CRITICAL"), ("-1", "CRITICAL")],
)
def test_runway(months, expected):
    assert severity(AlertType.RUNWAY_LOW, runway(months)) == expected


def test_without_a_target_nothing_deviates():
    nothing = Newest(MetricKind.MRR, DAY, Comparison(Decimal(5), PerformanceStatus.PLANNED), None, "MYR")
    for alert_type in (AlertType.MRR_BELOW_TARGET, AlertType.MRR_ABOVE_TARGET, AlertType.BURN_EXCEEDS_FORECAST):
        assert find_deviation(alert_type, nothing) is None


def test_an_alert_says_amounts_with_currency_and_percent_to_one_decimal():
    finding = find_deviation(AlertType.MRR_BELOW_TARGET, newest("-25.04", target="17644.24"))
    assert finding.message == (
        "MRR of MYR 13,226.12 on 2026-03-31 is 25.0 % below the pro-rated target of MYR 17,644.24 (plan v2)."
    )
    assert finding.related_plan_section == "gtm_strategy"
    assert finding.suggested_action
    above = find_deviation(AlertType.MRR_ABOVE_TARGET, newest("20"))
    assert "exceeding" in above.title
    assert find_deviation(AlertType.RUNWAY_LOW, runway("3.45")).message == (
        "Runway of 3.4 months on 2026-03-31 is under 4 months."
    )


def first(on=DAY, progress="0.5", final="100000"):
    return FirstActual(
        on,
        Decimal(500),
        None if progress is None else Decimal(progress),
        None if final is None else Decimal(final),
        1,
        "MYR",
    )


def test_the_first_metric_says_how_far_it_is():
    assert find_first_metric(first(), MARCH).message == (
        "First MRR of MYR 500.00 on 2026-03-31: 0.5 % toward the target of MYR 100,000.00."
    )
    assert "no MRR target yet" in find_first_metric(first(progress=None, final=None), MARCH).message


def test_a_first_metric_of_a_closed_month_is_history():
    assert find_first_metric(first(date(2026, 2, 28)), MARCH) is None
    assert find_first_metric(first(MARCH), MARCH) is not None
    assert find_first_metric(None, MARCH) is None


def test_an_outdated_projection_names_what_changed():
    finding = find_outdated_projection("Business plan baseline (v1)", 2, ("targets.target_mrr", "targets.target_date"))
    assert finding.message == (
        'Plan v2 changed target_mrr, target_date; "Business plan baseline (v1)" no longer rests on the plan as it is.'
    )
    assert find_outdated_projection(None, 2, ()) is None
    many = tuple(f"targets.field_{number}" for number in range(8))
    assert "field_4 and 3 more" in find_outdated_projection("x", 2, many).message


WARNING = find_deviation(AlertType.RUNWAY_LOW, runway("5"))
CRITICAL = find_deviation(AlertType.RUNWAY_LOW, runway("3"))


@pytest.mark.parametrize(
    ("finding", "said", "quiet", "verdict"),
    [
        (None, None, None, Verdict.KEEP),
        (WARNING, None, None, Verdict.RAISE),
        (WARNING, WARNING, None, Verdict.KEEP),
        (CRITICAL, WARNING, None, Verdict.UPDATE),
        (WARNING, CRITICAL, None, Verdict.UPDATE),
        (None, WARNING, None, Verdict.RESOLVE),
        (WARNING, None, Severity.WARNING, Verdict.KEEP),
        (CRITICAL, None, Severity.WARNING, Verdict.RAISE),
        (CRITICAL, None, Severity.CRITICAL, Verdict.KEEP),
        (WARNING, CRITICAL, Severity.WARNING, Verdict.RESOLVE),
        (None, None, Severity.WARNING, Verdict.KEEP),
    ],
)
def test_what_becomes_of_an_alert(finding, said, quiet, verdict):
    assert judge(finding, Standing(said, quiet)) is verdict


findings = st.sampled_from([None, WARNING, CRITICAL])


@given(st.lists(findings, min_size=1), st.sampled_from([None, Severity.WARNING, Severity.CRITICAL]))
def test_only_the_last_finding_decides_whether_an_alert_is_open(seen, quiet):
    said = None
    for finding in seen:
        verdict = judge(finding, Standing(said, quiet))
        said = {Verdict.KEEP: said, Verdict.RESOLVE: None}.get(verdict, finding)
    alone = judge(seen[-1], Standing(None, quiet))
    assert said == (seen[-1] if alone is Verdict.RAISE else None)


def test_only_the_open_month_raises_or_resolves():
    assert not is_silent(MARCH, None, MARCH)
    assert is_silent(date(2026, 2, 28), None, MARCH)
    assert is_silent(date(2026, 2, 28), replace(WARNING, observed_on=date(2026, 2, 28)), MARCH)
    assert is_silent(None, None, MARCH)


def test_an_alert_whose_observation_was_withdrawn_is_judged():
    assert not is_silent(date(2026, 2, 28), WARNING, MARCH)
    assert not is_silent(None, WARNING, MARCH)
