"""One venture's chapter: strategy beside performance, twelve months, and what to do next."""

from datetime import date
from itertools import dropwhile
from uuid import UUID

from services.reporting.portfolio.rules.facts import Alert, Comparison, Observation, Plan, Projection, Venture
from services.reporting.portfolio.rules.figures import (
    PlanState,
    by_urgency,
    change_pct,
    performance_status,
    plan_state,
)
from services.reporting.report.document import (
    AlertPart,
    Figure,
    MonthRow,
    PerformancePart,
    StrategyPart,
    VentureChapter,
)
from services.reporting.report.rules.facts import ReportFacts
from services.reporting.report.rules.figures import (
    alert_source,
    calculation,
    comparison_source,
    figure,
    observation_source,
    observed,
    plan_source,
    projection_source,
)
from services.reporting.report.rules.wording import excerpt
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertStatus, PerformanceStatus
from shared.kernel.periods import local_date, month_end, month_start

WINDOW = 12
"""Months in a venture's chart and table."""

_ACTIONS = {
    PerformanceStatus.NO_DATA: "Connect the venture's revenue or record its first MRR, "
    "so that the plan can be compared with what happens.",
    PerformanceStatus.ON_TRACK: "None needed: MRR is within the plan's band.",
    PerformanceStatus.MONITOR: "Watch the next weeks: MRR is outside the on-track band and inside the alert threshold.",
    PerformanceStatus.LAGGING: "Review the go-to-market strategy or the target: MRR is well below the plan.",
    PerformanceStatus.EXCEEDING: "Consider raising the plan's targets: MRR is well above them.",
}


def strategy(plan: Plan | None, venture: Venture, currency: str) -> StrategyPart:
    """What the newest plan version says; figures without a value where it says nothing."""
    state = plan_state(plan)
    if plan is None or state is PlanState.MISSING:
        return StrategyPart(
            plan=PlanState.MISSING,
            one_liner=excerpt(venture.description),
            market_type=venture.market_type,
            tam=figure(None, "money", None, currency),
            sam=figure(None, "money", None, currency),
            som=figure(None, "money", None, currency),
            pofw=figure(None, "points", None),
            completeness=figure(None, "percent", None),
            target_mrr=figure(None, "money", None, currency),
        )
    said, source = plan.strategy, plan_source(plan)
    pitches = (excerpt(text) for text in (said.one_line_pitch, said.tagline, said.vision, venture.description))
    return StrategyPart(
        plan=state,
        plan_version=plan.version,
        one_liner=next((pitch for pitch in pitches if pitch), None),
        market=excerpt(said.market),
        market_type=venture.market_type,
        moat=excerpt(said.moat),
        tam=figure(said.market_tam, "money", source, currency),
        sam=figure(said.market_sam, "money", source, currency),
        som=figure(said.market_som, "money", source, currency),
        pofw=figure(plan.pofw_score, "points", source),
        completeness=figure(plan.completeness_pct, "percent", source),
        target_mrr=figure(plan.targets.target_mrr, "money", source, currency),
        target_date=plan.targets.target_date,
    )


def growth(venture_id: UUID, facts: ReportFacts) -> Figure:
    """MRR at the period's end against the day before its start, in percent."""
    now, before = facts.seen(venture_id, MetricKind.MRR), facts.at_start.get(venture_id)
    if now is None or before is None:
        return figure(None, "percent", None)
    source = calculation("growth_pct", (observation_source(now), observation_source(before)))
    return figure(change_pct(now.value, before.value), "percent", source)


def performance(venture: Venture, facts: ReportFacts) -> PerformancePart:
    """What happened against what was promised, at the period's end."""
    currency = facts.organization.base_currency
    mrr, compared = facts.seen(venture.id, MetricKind.MRR), facts.comparison(venture.id)
    source = comparison_source(compared) if compared else None
    return PerformancePart(
        status=performance_status(facts.plans.get(venture.id), mrr, compared),
        observed_on=mrr.observed_on if mrr else None,
        mrr=observed(mrr, "money", currency),
        target=figure(compared.target if compared else None, "money", source, currency),
        variance_pct=figure(compared.variance_pct if compared else None, "percent", source),
        progress_pct=figure(compared.progress_pct if compared else None, "percent", source),
        growth_pct=growth(venture.id, facts),
        customers=observed(facts.seen(venture.id, MetricKind.CUSTOMERS), "count"),
        burn=observed(facts.seen(venture.id, MetricKind.BURN_RATE), "money", currency),
        runway=observed(facts.seen(venture.id, MetricKind.RUNWAY_MONTHS), "months"),
    )


def _promised(projection: Projection | None, end: date, currency: str) -> Figure:
    for month in projection.months if projection else ():
        if month.month_end == end and projection:
            return figure(month.revenue, "money", projection_source(projection), currency)
    return figure(None, "money", None, currency)


def _month(
    day: date,
    seen: Observation | None,
    compared: Comparison | None,
    projection: Projection | None,
    currency: str,
) -> MonthRow:
    if compared is None or compared.observed_on < month_start(day):
        # Nothing was compared in that month: the promise for its end is all there is.
        return MonthRow(
            month_end=month_end(day),
            day=day,
            mrr=observed(seen, "money", currency),
            target=_promised(projection, day, currency),
            variance_pct=figure(None, "percent", None),
        )
    source = comparison_source(compared)
    return MonthRow(
        month_end=month_end(day),
        day=day,
        mrr=observed(seen, "money", currency),
        target=figure(compared.target, "money", source, currency),
        variance_pct=figure(compared.variance_pct, "percent", source),
        status=compared.status,
    )


def months(venture: Venture, facts: ReportFacts) -> tuple[MonthRow, ...]:
    """Twelve months: the history up to the period's end, then the promise for the months to come.

    History begins with the first month of which anything is known. The promise ahead is the
    newest projection's revenue, which follows the plan's path.
    """
    currency, projection = facts.organization.base_currency, facts.projections.get(venture.id)
    past = [
        _month(day, facts.mrr.get((venture.id, day)), facts.comparisons.get((venture.id, day)), projection, currency)
        for day in facts.days
    ]
    known = list(dropwhile(lambda row: row.mrr.value is None and row.target.value is None, past))
    last = month_end(facts.period.as_of)
    coming = [month.month_end for month in projection.months if month.month_end > last] if projection else []
    ahead = [
        MonthRow(
            month_end=end,
            day=end,
            mrr=figure(None, "money", None, currency),
            target=_promised(projection, end, currency),
            variance_pct=figure(None, "percent", None),
            ahead=True,
        )
        for end in sorted(coming)[: max(0, WINDOW - len(known))]
    ]
    return (*known, *ahead)


def alert_part(alert: Alert, venture: Venture, facts: ReportFacts) -> AlertPart:
    """An alert as it stood at the period's end."""
    return AlertPart(
        id=alert.id,
        type=alert.type,
        severity=alert.severity,
        status=AlertStatus.OPEN if facts.is_open(alert) else alert.status,
        venture_id=venture.id,
        venture_name=venture.name,
        title=alert.title,
        message=alert.message,
        suggested_action=alert.suggested_action,
        plan_section=alert.related_plan_section,
        raised_on=local_date(alert.raised_at, facts.organization.time_zone),
        source=alert_source(alert),
    )


def suggested_action(alerts: list[Alert], plan: Plan | None, status: PerformanceStatus) -> str:
    """One action: that of the most urgent open alert, else what the status asks for."""
    for alert in by_urgency(alerts):
        if alert.suggested_action.strip():
            return alert.suggested_action.strip()
    if plan_state(plan) is PlanState.MISSING:
        return "Write the business plan with its targets, so that performance can be compared with it."
    return _ACTIONS.get(status, "Set a target MRR with its date in the plan, so that performance can be compared.")


def chapter(venture: Venture, alerts: list[Alert], facts: ReportFacts) -> VentureChapter:
    """The chapter of one venture; ``alerts`` are the venture's of the period."""
    plan, done = facts.plans.get(venture.id), performance(venture, facts)
    open_alerts = [alert for alert in alerts if facts.is_open(alert)]
    return VentureChapter(
        id=venture.id,
        name=venture.name,
        stage=venture.stage,
        strategy=strategy(plan, venture, facts.organization.base_currency),
        performance=done,
        months=months(venture, facts),
        action=suggested_action(open_alerts, plan, PerformanceStatus(done.status)),
        alerts=tuple(alert_part(alert, venture, facts) for alert in by_urgency(alerts)),
    )
