"""The dashboard: one row a venture, totals that are the sums of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.reporting.portfolio.rules.facts import (
    Alert,
    Comparison,
    Observations,
    Plan,
    Venture,
)
from services.reporting.portfolio.rules.figures import (
    PlanState,
    StageGroup,
    average_runway,
    by_urgency,
    change_pct,
    counted,
    is_of,
    mean,
    newest_first,
    performance_status,
    plan_state,
    stage_group,
    total,
    unconverted_totals,
)
from services.reporting.portfolio.schemas import (
    AlertBrief,
    AlertFeedOut,
    AlertOut,
    OrganizationOut,
    PlansOut,
    PortfolioOut,
    TotalsOut,
    UnconvertedOut,
    VentureOut,
)
from shared.contracts.finance import MetricKind
from shared.contracts.sync import PerformanceStatus, Severity
from shared.kernel.money import round_to_currency

ALERT_LIMIT = 50
"""How many alerts the dashboard lists; ``total`` counts all of them."""

SHOWN = (
    MetricKind.MRR,
    MetricKind.BURN_RATE,
    MetricKind.RUNWAY_MONTHS,
    MetricKind.CUSTOMERS,
)
"""The metrics of which the dashboard shows the newest effective observation."""


@dataclass(frozen=True, slots=True)
class PortfolioFacts:
    """What is known of the ventures listed, as of a day."""

    day: date
    ventures: Sequence[Venture]
    plans: Mapping[UUID, Plan]
    observations: Observations
    previous_mrr: Observations
    comparisons: Mapping[UUID, Comparison]
    open_alerts: Sequence[Alert]


def _optional(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else round_to_currency(amount, currency)


def _row(venture: Venture, facts: PortfolioFacts, alerts: Sequence[Alert], currency: str) -> VentureOut:
    seen = {kind: facts.observations.get((venture.id, kind)) for kind in SHOWN}
    mrr, burn, runway, customers = (seen[kind] for kind in SHOWN)
    plan, comparison = facts.plans.get(venture.id), facts.comparisons.get(venture.id)
    state = plan_state(plan)
    kept = None if state is PlanState.MISSING else plan
    return VentureOut(
        id=venture.id,
        name=venture.name,
        stage=venture.stage,
        plan=state,
        pofw_score=kept.pofw_score if kept else None,
        completeness_pct=kept.completeness_pct if kept else None,
        plan_version=kept.version if kept else None,
        target_mrr=_optional(comparison.target if comparison else None, currency),
        final_target_mrr=_optional(kept.targets.target_mrr if kept else None, currency),
        target_date=kept.targets.target_date if kept else None,
        actual_mrr=_optional(mrr.value if mrr else None, currency),
        variance_pct=comparison.variance_pct if comparison else None,
        progress_pct=comparison.progress_pct if comparison else None,
        status=performance_status(plan, mrr, comparison),
        comparison_pending=not is_of(comparison, mrr, plan),
        runway_months=runway.value if runway else None,
        burn_rate=_optional(burn.value if burn else None, currency),
        customers=int(customers.value) if customers else None,
        alerts=[AlertBrief.of(alert) for alert in by_urgency(alerts)],
        last_observed_on=max((one.observed_on for one in seen.values() if one), default=None),
    )


def _totals(facts: PortfolioFacts, rows: Sequence[VentureOut], alerts: Sequence[Alert], currency: str) -> TotalsOut:
    mrr = [facts.observations.get((venture.id, MetricKind.MRR)) for venture in facts.ventures]
    previous = [facts.previous_mrr.get((venture.id, MetricKind.MRR)) for venture in facts.ventures]
    runway = average_runway(
        (
            facts.observations.get((venture.id, MetricKind.BURN_RATE)),
            facts.observations.get((venture.id, MetricKind.RUNWAY_MONTHS)),
        )
        for venture in facts.ventures
    )
    targets = [facts.comparisons[venture.id].target for venture in facts.ventures if venture.id in facts.comparisons]
    now, before = total(mrr), total(previous)
    return TotalsOut(
        ventures=len(rows),
        portfolio_mrr=round_to_currency(now, currency),
        portfolio_mrr_previous=round_to_currency(before, currency),
        portfolio_mrr_change_pct=change_pct(now, before),
        unconverted=[
            UnconvertedOut(currency=code, amount=round_to_currency(amount, code))
            for code, amount in unconverted_totals(mrr)
        ],
        target_mrr=round_to_currency(sum((target for target in targets if target), Decimal(0)), currency),
        final_target_mrr=round_to_currency(
            sum((row.final_target_mrr for row in rows if row.final_target_mrr), Decimal(0)), currency
        ),
        average_runway_months=runway.months,
        average_runway_ventures=runway.ventures,
        by_stage=counted(StageGroup, (stage_group(venture.stage) for venture in facts.ventures)),
        by_status=counted(PerformanceStatus, (row.status for row in rows)),
        open_alerts=counted(Severity, (alert.severity for alert in alerts)),
    )


def _plans(rows: Sequence[VentureOut]) -> PlansOut:
    states = counted(PlanState, (row.plan for row in rows))
    return PlansOut(
        complete=states[PlanState.COMPLETE],
        draft=states[PlanState.DRAFT],
        missing=states[PlanState.MISSING],
        average_pofw=mean([Decimal(row.pofw_score) for row in rows if row.pofw_score is not None]),
    )


def dashboard(organization: OrganizationOut, facts: PortfolioFacts) -> PortfolioOut:
    """The dashboard of the ventures listed; every total is made of the rows shown.

    Money is rounded half-even to the base currency's exponent (totals are rounded once, from
    the unrounded figures), percents and ratios keep their digits until they are encoded.
    """
    currency = organization.base_currency
    ventures = sorted(facts.ventures, key=lambda venture: (venture.name.casefold(), str(venture.id)))
    names = {venture.id: venture.name for venture in ventures}
    alerts = [alert for alert in facts.open_alerts if alert.venture_id in names]
    by_venture: dict[UUID, list[Alert]] = {}
    for alert in alerts:
        by_venture.setdefault(alert.venture_id, []).append(alert)
    rows = [_row(venture, facts, by_venture.get(venture.id, []), currency) for venture in ventures]
    feed = [
        AlertOut(**AlertBrief.of(alert).model_dump(), venture_id=alert.venture_id, venture_name=names[alert.venture_id])
        for alert in newest_first(alerts)[:ALERT_LIMIT]
    ]
    return PortfolioOut(
        as_of=facts.day,
        organization=organization,
        totals=_totals(facts, rows, alerts, currency),
        plans=_plans(rows),
        ventures=rows,
        alerts=AlertFeedOut(total=len(alerts), items=feed),
    )
