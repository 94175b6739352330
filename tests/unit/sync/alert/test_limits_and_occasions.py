from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.sync.alert.rules import (
    DEFAULT_LIMITS,
    Newest,
    Reached,
    find_deviation,
    find_milestone,
    find_stale_plan,
)
from services.sync.alert.rules.limits import Limit, OwnLimit, limits_in_force, out_of_order
from services.sync.variance.rules import Comparison, performance_status, variance_pct
from shared.contracts.finance import MetricKind, direction_of
from shared.contracts.sync import AlertType, PerformanceStatus

DAY = date(2026, 3, 31)


def found(kind, metric, actual, target="100", limits=DEFAULT_LIMITS):
    value, planned = Decimal(actual), Decimal(target)
    variance = variance_pct(value, planned)
    compared = Comparison(value, performance_status(variance, direction_of(metric)), planned, planned, variance)
    return find_deviation(kind, Newest(metric, DAY, compared, 3, "MYR"), limits)


WORSE_ABOVE = [
    (AlertType.BURN_EXCEEDS_FORECAST, MetricKind.BURN_RATE, "financials"),
    (AlertType.CAC_ABOVE_PLAN, MetricKind.CAC, "unit_economics"),
    (AlertType.PAYBACK_ABOVE_PLAN, MetricKind.PAYBACK_MONTHS, "unit_economics"),
]
WORSE_BELOW = [
    (AlertType.MRR_BELOW_TARGET, MetricKind.MRR, "gtm_strategy"),
    (AlertType.LTV_BELOW_PLAN, MetricKind.LTV, "unit_economics"),
    (AlertType.CUSTOMERS_BELOW_TARGET, MetricKind.CUSTOMERS, "gtm_strategy"),
    (AlertType.RUNWAY_BELOW_PLAN, MetricKind.RUNWAY_MONTHS, "financials"),
]


@pytest.mark.parametrize(("kind", "metric", "section"), WORSE_ABOVE)
@pytest.mark.parametrize(
    ("actual", "severity"),
    [("115", None), ("115.000001", "WARNING"), ("130", "WARNING"), ("130.000001", "CRITICAL"), ("50", None)],
)
def test_more_than_planned_is_worse(kind, metric, section, actual, severity):
    finding = found(kind, metric, actual)
    assert (finding.severity.value if finding else None) == severity
    assert finding is None or finding.related_plan_section == section


@pytest.mark.parametrize(("kind", "metric", "section"), WORSE_BELOW)
@pytest.mark.parametrize(
    ("actual", "severity"),
    [("85", None), ("84.999999", "WARNING"), ("70", "WARNING"), ("69.999999", "CRITICAL"), ("150", None)],
)
def test_less_than_planned_is_worse(kind, metric, section, actual, severity):
    finding = found(kind, metric, actual)
    assert (finding.severity.value if finding else None) == severity
    assert finding is None or finding.related_plan_section == section


def test_figures_read_as_what_they_are():
    customers = found(AlertType.CUSTOMERS_BELOW_TARGET, MetricKind.CUSTOMERS, "60")
    assert customers.message == "Number of customers of 60 on 2026-03-31 is 40.0 % below the plan of 100 (plan v3)."
    payback = found(AlertType.PAYBACK_ABOVE_PLAN, MetricKind.PAYBACK_MONTHS, "14.25", "10")
    assert "of 14.2 months" in payback.message
    assert "the plan of 10.0 months" in payback.message
    assert "MYR 140.00" in found(AlertType.CAC_ABOVE_PLAN, MetricKind.CAC, "140").message


def test_a_venture_overrules_its_organization_member_by_member():
    limits = limits_in_force(
        {AlertType.CAC_ABOVE_PLAN: OwnLimit(Decimal(25), Decimal(50)), AlertType.RUNWAY_LOW: OwnLimit(enabled=False)},
        {AlertType.CAC_ABOVE_PLAN: OwnLimit(critical=Decimal(40)), AlertType.RUNWAY_LOW: OwnLimit(enabled=True)},
    )
    assert limits[AlertType.CAC_ABOVE_PLAN] == Limit(Decimal(25), Decimal(40))
    assert limits[AlertType.RUNWAY_LOW] == DEFAULT_LIMITS[AlertType.RUNWAY_LOW]
    assert limits[AlertType.MRR_BELOW_TARGET] == DEFAULT_LIMITS[AlertType.MRR_BELOW_TARGET]
    assert found(AlertType.CAC_ABOVE_PLAN, MetricKind.CAC, "125", limits=limits) is None
    assert found(AlertType.CAC_ABOVE_PLAN, MetricKind.CAC, "141", limits=limits).severity == "CRITICAL"
    assert limits_in_force({}, {}) is DEFAULT_LIMITS


def test_a_type_that_is_turned_off_says_nothing():
    limits = limits_in_force({AlertType.RUNWAY_LOW: OwnLimit(enabled=False)}, {})
    assert found(AlertType.RUNWAY_LOW, MetricKind.RUNWAY_MONTHS, "1", limits=limits) is None


def test_own_months_of_runway():
    limits = limits_in_force({AlertType.RUNWAY_LOW: OwnLimit(Decimal(9), Decimal("7.5"))}, {})
    assert found(AlertType.RUNWAY_LOW, MetricKind.RUNWAY_MONTHS, "9", limits=limits) is None
    assert "is under 9 months" in found(AlertType.RUNWAY_LOW, MetricKind.RUNWAY_MONTHS, "8", limits=limits).message
    assert "is under 7.5 months" in found(AlertType.RUNWAY_LOW, MetricKind.RUNWAY_MONTHS, "7", limits=limits).message


def test_critical_lies_beyond_warning():
    assert out_of_order(DEFAULT_LIMITS) is None
    assert out_of_order(limits_in_force({AlertType.CAC_ABOVE_PLAN: OwnLimit(Decimal(30))}, {})) is (
        AlertType.CAC_ABOVE_PLAN
    )
    assert out_of_order(limits_in_force({AlertType.RUNWAY_LOW: OwnLimit(Decimal(3))}, {})) is AlertType.RUNWAY_LOW


def test_a_milestone_of_the_open_month_is_told():
    reached = Reached("First 100 customers", DAY, "100 customers")
    finding = find_milestone(reached, date(2026, 3, 1))
    assert finding.message == '"First 100 customers" was reached on 2026-03-31: 100 customers.'
    assert find_milestone(reached, date(2026, 4, 1)) is None
    assert find_milestone(None, date(2026, 4, 1)) is None


def test_a_plan_is_stale_after_ninety_days_of_lagging():
    touched = date(2026, 1, 1)
    after = touched + timedelta(days=90)
    assert find_stale_plan(PerformanceStatus.LAGGING, 2, touched, after - timedelta(days=1)) is None
    finding = find_stale_plan(PerformanceStatus.LAGGING, 2, touched, after)
    assert finding.severity == "WARNING"
    assert "The plan (v2) has not been touched since 2026-01-01" in finding.message
    assert find_stale_plan(PerformanceStatus.MONITOR, 2, touched, after) is None
    assert find_stale_plan(PerformanceStatus.LAGGING, None, None, after) is None
