from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.portfolio.rules.dashboard import ALERT_LIMIT, PortfolioFacts, dashboard
from services.reporting.portfolio.rules.facts import Alert, Comparison, Observation, Plan, Venture
from services.reporting.portfolio.rules.figures import (
    StageGroup,
    average_runway,
    change_pct,
    performance_status,
    stage_group,
)
from services.reporting.portfolio.schemas import OrganizationOut
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import PlanStatus, PlanTargets, VentureStage
from shared.contracts.sync import AlertStatus, AlertType, PerformanceStatus, Severity

DAY = date(2026, 9, 14)
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
ACME = OrganizationOut(id=UUID(int=9), name="Acme", base_currency="MYR")


def seen(venture: UUID, metric: MetricKind, value: str, **more) -> Observation:
    return Observation(venture, metric, more.pop("on", DAY), MetricSource.CALCULATED, Decimal(value), **more)


def a_plan(venture: UUID, target: str | None = "100000", **more) -> Plan:
    targets = PlanTargets(target_mrr=Decimal(target) if target else None)
    return Plan(
        id=UUID(int=50 + venture.int),
        venture_id=venture,
        version=2,
        saved_at=datetime(2026, 1, 1, tzinfo=UTC),
        status=more.pop("status", PlanStatus.COMPLETE),
        completeness_pct=Decimal("62.5"),
        targets=targets,
        **more,
    )


def an_alert(place: int, venture: UUID = A, severity: Severity = Severity.WARNING) -> Alert:
    moment = datetime(2026, 9, 1, 0, place, tzinfo=UTC)
    return Alert(
        id=UUID(int=1000 + place),
        venture_id=venture,
        version=1,
        type=AlertType.RUNWAY_LOW,
        severity=severity,
        status=AlertStatus.OPEN,
        title="Low",
        message="Low.",
        suggested_action="Act.",
        raised_at=moment,
        changed_at=moment,
    )


def facts(**more) -> PortfolioFacts:
    given = {"day": DAY, "ventures": [], "plans": {}, "observations": {}, "previous_mrr": {}, "comparisons": {}}
    return PortfolioFacts(**{**given, "open_alerts": [], **more})


@pytest.mark.parametrize(
    ("stage", "group"),
    [
        (VentureStage.IDEA, StageGroup.PRE_REVENUE),
        (VentureStage.PRE_REVENUE, StageGroup.PRE_REVENUE),
        (VentureStage.GROWTH, StageGroup.GROWTH),
        (VentureStage.SCALING, StageGroup.GROWTH),
        (VentureStage.PROFITABLE, StageGroup.PROFITABLE),
    ],
)
def test_every_stage_has_its_group(stage, group):
    assert stage_group(stage) is group


def test_an_empty_portfolio_has_zero_totals_and_no_invented_figure():
    shown = dashboard(ACME, facts())
    assert shown.ventures == []
    assert shown.alerts.total == 0
    assert shown.totals.portfolio_mrr == 0
    assert shown.totals.portfolio_mrr_change_pct is None
    assert shown.totals.average_runway_months is None
    assert shown.totals.by_stage == {"pre_revenue": 0, "growth": 0, "profitable": 0}
    assert shown.plans.model_dump() == {"complete": 0, "draft": 0, "missing": 0, "average_pofw": None}
    assert shown.model_dump(mode="json")["totals"]["portfolio_mrr"] == "0.00"


def test_totals_are_the_sums_of_what_was_observed():
    ventures = [Venture(A, "Beta", VentureStage.GROWTH), Venture(B, "alpha", VentureStage.IDEA)]
    shown = dashboard(
        ACME,
        facts(
            ventures=ventures,
            observations={
                (A, MetricKind.MRR): seen(A, MetricKind.MRR, "100.005", unconverted=(("USD", Decimal(7)),)),
                (B, MetricKind.MRR): seen(B, MetricKind.MRR, "50.005", unconverted=(("USD", Decimal("0.5")),)),
            },
            previous_mrr={(A, MetricKind.MRR): seen(A, MetricKind.MRR, "120")},
        ),
    )
    assert [row.name for row in shown.ventures] == ["alpha", "Beta"]
    assert shown.totals.portfolio_mrr == Decimal("150.01")
    assert shown.totals.portfolio_mrr_previous == 120
    assert shown.totals.portfolio_mrr_change_pct == pytest.approx(Decimal("25.008333"), abs=Decimal("0.0001"))
    assert [(left.currency, left.amount) for left in shown.totals.unconverted] == [("USD", Decimal("7.50"))]


def test_a_row_holds_plan_and_performance_side_by_side():
    comparison = Comparison(
        A, MetricKind.MRR, DAY, 4, Decimal("13151.15"), PerformanceStatus.LAGGING, Decimal("17534.87"),
        Decimal(100000), Decimal("-25.000014"), Decimal("13.15115"), 2,
    )  # fmt: skip
    shown = dashboard(
        ACME,
        facts(
            ventures=[Venture(A, "Kopi", VentureStage.GROWTH)],
            plans={A: a_plan(A, pofw_score=27)},
            observations={
                (A, MetricKind.MRR): seen(A, MetricKind.MRR, "13151.15"),
                (A, MetricKind.BURN_RATE): seen(A, MetricKind.BURN_RATE, "44000"),
                (A, MetricKind.RUNWAY_MONTHS): seen(A, MetricKind.RUNWAY_MONTHS, "3.25"),
            },
            comparisons={A: comparison},
            open_alerts=[an_alert(1), an_alert(2, severity=Severity.CRITICAL)],
        ),
    )
    row = shown.ventures[0].model_dump(mode="json")
    assert row["actual_mrr"] == "13151.15"
    assert row["target_mrr"] == "17534.87"
    assert row["final_target_mrr"] == "100000.00"
    assert row["variance_pct"] == "-25.00"
    assert row["status"] == "LAGGING"
    assert row["runway_months"] == "3.2500"
    assert row["completeness_pct"] == "62.50"
    assert not row["comparison_pending"]
    assert [alert["severity"] for alert in row["alerts"]] == ["CRITICAL", "WARNING"]
    assert shown.totals.open_alerts == {"INFO": 0, "WARNING": 1, "CRITICAL": 1}
    assert shown.totals.target_mrr == Decimal("17534.87")
    assert shown.totals.average_runway_ventures == 1


def test_a_new_actual_without_its_comparison_says_so():
    old = Comparison(A, MetricKind.MRR, date(2026, 9, 13), 1, Decimal(10), PerformanceStatus.ON_TRACK, Decimal(10))
    shown = dashboard(
        ACME,
        facts(
            ventures=[Venture(A, "Kopi", VentureStage.GROWTH)],
            observations={(A, MetricKind.MRR): seen(A, MetricKind.MRR, "12")},
            comparisons={A: old},
        ),
    )
    assert shown.ventures[0].comparison_pending
    assert shown.ventures[0].actual_mrr == 12


@pytest.mark.parametrize(
    ("plan", "actual", "status"),
    [
        (a_plan(A), None, PerformanceStatus.NO_DATA),
        (a_plan(A, None), None, PerformanceStatus.PLANNED),
        (a_plan(A, "0"), None, PerformanceStatus.PLANNED),
        (a_plan(A, status=PlanStatus.ARCHIVED), None, PerformanceStatus.PLANNED),
        (None, None, PerformanceStatus.PLANNED),
        (None, seen(A, MetricKind.MRR, "5"), PerformanceStatus.PLANNED),
    ],
)
def test_without_a_comparison_the_status_says_what_is_missing(plan, actual, status):
    assert performance_status(plan, actual, None) is status


def test_plans_are_counted_by_how_far_they_are():
    ventures = [Venture(one, name, VentureStage.GROWTH) for one, name in ((A, "a"), (B, "b"), (C, "c"))]
    ready = a_plan(A, status=PlanStatus.INVESTOR_READY, pofw_score=30)
    shown = dashboard(
        ACME, facts(ventures=ventures, plans={A: ready, B: a_plan(B, status=PlanStatus.DRAFT, pofw_score=25)})
    )
    assert shown.plans.model_dump(mode="json") == {"complete": 1, "draft": 1, "missing": 1, "average_pofw": "27.50"}


def test_only_ventures_that_burn_have_a_runway_to_average():
    pairs = [
        (seen(A, MetricKind.BURN_RATE, "10"), seen(A, MetricKind.RUNWAY_MONTHS, "4")),
        (seen(B, MetricKind.BURN_RATE, "-10"), seen(B, MetricKind.RUNWAY_MONTHS, "99")),
        (seen(C, MetricKind.BURN_RATE, "10"), None),
        (None, seen(C, MetricKind.RUNWAY_MONTHS, "9")),
        (seen(C, MetricKind.BURN_RATE, "1"), seen(C, MetricKind.RUNWAY_MONTHS, "5")),
    ]
    found = average_runway(pairs)
    assert (found.months, found.ventures) == (Decimal("4.5"), 2)


def test_alerts_are_listed_newest_first_and_counted_whole():
    alerts = [an_alert(place % 60, venture=A) for place in range(ALERT_LIMIT + 7)]
    stray = an_alert(59, venture=C)
    shown = dashboard(ACME, facts(ventures=[Venture(A, "a", VentureStage.GROWTH)], open_alerts=[*alerts, stray]))
    assert shown.alerts.total == ALERT_LIMIT + 7
    assert len(shown.alerts.items) == ALERT_LIMIT
    raised = [alert.raised_at for alert in shown.alerts.items]
    assert raised == sorted(raised, reverse=True)


@given(st.decimals(-(10**12), 10**12, places=6), st.decimals(-(10**12), 10**12, places=6))
def test_a_change_is_exact_and_never_divides_by_zero(now, before):
    change = change_pct(now, before)
    assert (change is None) == (before == 0)
    if change is not None:
        assert abs(before + abs(before) * change / 100 - now) < Decimal("0.0001")


amounts = st.decimals(0, 10**9, places=6)


@given(st.lists(amounts, max_size=8))
def test_the_portfolio_is_the_sum_of_its_ventures(values):
    ventures = [Venture(UUID(int=place), f"v{place}", VentureStage.GROWTH) for place in range(len(values))]
    observations = {
        (venture.id, MetricKind.MRR): Observation(venture.id, MetricKind.MRR, DAY, MetricSource.MANUAL, value)
        for venture, value in zip(ventures, values, strict=True)
    }
    shown = dashboard(ACME, facts(ventures=ventures, observations=observations))
    assert abs(shown.totals.portfolio_mrr - sum(values, Decimal(0))) <= Decimal("0.005")
    assert shown.totals.by_stage[StageGroup.GROWTH] == len(values)
