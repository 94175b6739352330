"""A portfolio of any size, made by hand: what the read model would hold at the end of 2026-Q3."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.reporting.portfolio.rules.facts import (
    Alert,
    Comparison,
    Observation,
    Plan,
    ProjectedMonth,
    Projection,
    Venture,
)
from services.reporting.report.document import OrganizationPart
from services.reporting.report.rules.facts import ReportFacts
from services.reporting.report.rules.period import month_days, report_period
from shared.contracts.finance import MetricKind, MetricSource
from shared.contracts.plans import MarketType, PlanStatus, PlanStrategy, PlanTargets, VentureStage
from shared.contracts.sync import AlertStatus, AlertType, PerformanceStatus, Severity
from shared.kernel.periods import add_months, month_end

NAMES = [
    "Kopi Cloud",
    "Batik Market",
    "Durian Direct",
    "Lumut Logistics",
    "Penang Payroll",
    "Sawit Sense",
    "Rimba Robotics",
    "Selat Shipping",
    "Teh Tarik Tech",
    "Ombak Energy",
    "Wau Analytics",
    "Zapin Health",
]
STAGES = [VentureStage.GROWTH, VentureStage.SCALING, VentureStage.PROFITABLE, VentureStage.IDEA]
STANDING = [
    (PerformanceStatus.LAGGING, Decimal("0.749")),
    (PerformanceStatus.ON_TRACK, Decimal("1.012")),
    (PerformanceStatus.EXCEEDING, Decimal("1.264")),
    (PerformanceStatus.MONITOR, Decimal("0.885")),
]
TODAY = date(2026, 10, 5)


def an_id(kind: int, place: int) -> UUID:
    return UUID(int=(0x0197 << 112) | (7 << 76) | (2 << 62) | (kind << 16) | place)


def a_plan(place: int) -> Plan:
    return Plan(
        id=an_id(2, place),
        venture_id=an_id(1, place),
        version=3,
        saved_at=datetime(2026, 1, 15, tzinfo=UTC),
        status=PlanStatus.COMPLETE if place % 3 else PlanStatus.DRAFT,
        completeness_pct=Decimal("87.5"),
        pofw_score=24 + place,
        strategy=PlanStrategy(
            one_line_pitch="Fresh beans, **paid by subscription**, roasted the day before they ship.",
            market="Specialty coffee for 38 000 small offices in [Malaysia](https://example.com) and Singapore, "
            "which buy every week and change supplier rarely.",
            market_tam=Decimal(920_000_000),
            market_sam=Decimal(140_000_000),
            market_som=Decimal(9_500_000),
            moat="# Moat\n- Exclusive contracts with nine growers\n- A roasting schedule that follows orders",
        ),
        targets=PlanTargets(target_mrr=Decimal(100_000), target_date=date(2026, 12, 31)),
    )


def an_alert(place: int, kind: AlertType, severity: Severity, raised: datetime) -> Alert:
    return Alert(
        id=an_id(4, place * 10 + list(AlertType).index(kind)),
        venture_id=an_id(1, place),
        version=2,
        type=kind,
        severity=severity,
        status=AlertStatus.OPEN,
        title="MRR is below its target" if kind is AlertType.MRR_BELOW_TARGET else "Notice",
        message="MRR of MYR 39,411.21 is 25.1 % below the pro-rated target of MYR 52,618.44 (plan version 3).",
        suggested_action="Review the go-to-market strategy: the two weakest channels first.",
        raised_at=raised,
        changed_at=raised,
        related_plan_section="gtm_strategy",
    )


def build_facts(
    ventures: int = 12, months: int = 12, template: str = "quarterly", code: str = "2026-Q3"
) -> ReportFacts:
    period = report_period(template, code, TODAY, 1)
    days = tuple(month_days(period, 12))
    before = period.start - timedelta(days=1)
    facts = ReportFacts(
        organization=OrganizationPart(
            id=an_id(9, 0),
            name="Bukit Ventures",
            base_currency="MYR",
            time_zone="Asia/Kuala_Lumpur",
            fiscal_year_start=1,
        ),
        period=period,
        generated_at=datetime(2026, 10, 5, 8, 30, 12, tzinfo=UTC),
        days=days,
        ventures=[
            Venture(
                id=an_id(1, place),
                name=NAMES[place % 12],
                stage=STAGES[place % 4],
                version=2,
                market_type=MarketType.NICHE,
            )
            for place in range(ventures)
        ],
        plans={an_id(1, place): a_plan(place) for place in range(ventures)},
        at_end={},
        at_start={},
        mrr={},
        comparisons={},
        projections={},
        alerts=[
            an_alert(place, AlertType.MRR_BELOW_TARGET, Severity.WARNING, datetime(2026, 9, 14, tzinfo=UTC))
            for place in range(0, ventures, 4)
        ]
        + [
            an_alert(place, AlertType.FIRST_METRIC, Severity.INFO, datetime(2026, 7, 2, tzinfo=UTC))
            for place in range(0, ventures, 5)
        ],
    )
    for place in range(ventures):
        _actuals(facts, place, months, before)
    return facts


def _seen(venture_id: UUID, metric: MetricKind, day: date, value: Decimal) -> Observation:
    return Observation(
        venture_id, metric, day, MetricSource.CALCULATED, value.quantize(Decimal("0.000001")), revision=2
    )


def _actuals(facts: ReportFacts, place: int, months: int, before: date) -> None:
    venture_id = an_id(1, place)
    status, share = STANDING[place % 4]
    for step, day in enumerate(facts.days[12 - months :] if months else ()):
        target = Decimal(12_000 + 500 * place) * (Decimal("1.14") ** step)
        actual = target * (1 + (share - 1) * (step + 1) / 12)
        seen = _seen(venture_id, MetricKind.MRR, day, actual)
        facts.mrr[venture_id, day] = seen
        facts.comparisons[venture_id, day] = Comparison(
            venture_id=venture_id,
            metric=MetricKind.MRR,
            observed_on=day,
            version=1,
            actual=seen.value,
            status=status,
            target=target,
            final_target=Decimal(100_000),
            variance_pct=(actual - target) / target * 100,
            progress_pct=actual / 1000,
            plan_version=3,
        )
        if day <= before:
            facts.at_start[venture_id] = seen
        facts.at_end[venture_id, MetricKind.MRR] = seen
    end = facts.period.as_of
    burn = Decimal(-4000) if place % 4 == 2 else Decimal(18_000 + 750 * place)
    facts.at_end[venture_id, MetricKind.BURN_RATE] = _seen(venture_id, MetricKind.BURN_RATE, end, burn)
    if burn > 0:
        runway = Decimal("3.4") + place
        facts.at_end[venture_id, MetricKind.RUNWAY_MONTHS] = _seen(venture_id, MetricKind.RUNWAY_MONTHS, end, runway)
    facts.at_end[venture_id, MetricKind.CUSTOMERS] = _seen(venture_id, MetricKind.CUSTOMERS, end, Decimal(40 + place))
    facts.projections[venture_id] = Projection(
        id=an_id(3, place),
        venture_id=venture_id,
        version=1,
        plan_version=3,
        months=tuple(
            ProjectedMonth(month_end(add_months(end, ahead)), Decimal(55_000 + 6_000 * ahead)) for ahead in range(1, 13)
        ),
    )


@pytest.fixture
def sample() -> Callable[..., ReportFacts]:
    """``sample(ventures=12, months=12)``: the facts of a report."""
    return build_facts
