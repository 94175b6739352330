"""The portfolio's part of a report: totals at the period's end, and the way there."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from services.reporting.portfolio.rules.facts import Alert, Observation, Venture
from services.reporting.portfolio.rules.figures import (
    StageGroup,
    average_runway,
    burns,
    change_pct,
    counted,
    stage_group,
    total,
    unconverted_totals,
)
from services.reporting.report.document import Figure, MrrPoint, NotConverted, PortfolioSection, Source
from services.reporting.report.rules.facts import ReportFacts
from services.reporting.report.rules.figures import (
    calculation,
    comparison_source,
    figure,
    observation_source,
    venture_source,
)
from shared.contracts.finance import MetricKind
from shared.contracts.sync import Severity


def _sources(observations: Iterable[Observation | None]) -> tuple[Source, ...]:
    return tuple(observation_source(seen) for seen in observations if seen)


def _sum(name: str, observations: Sequence[Observation | None], currency: str) -> Figure:
    known = _sources(observations)
    return figure(total(observations) if known else None, "money", calculation(name, known), currency)


def _series(ventures: Sequence[Venture], facts: ReportFacts) -> tuple[MrrPoint, ...]:
    points: list[MrrPoint] = []
    for day in facts.days:
        figures = _on(ventures, day, facts)
        if points or any(figures):
            points.append(MrrPoint(day=day, mrr=_sum("portfolio_mrr", figures, facts.organization.base_currency)))
    return tuple(points)


def _on(ventures: Sequence[Venture], day: date, facts: ReportFacts) -> list[Observation | None]:
    return [facts.mrr.get((venture.id, day)) for venture in ventures]


def _counts(ventures: Sequence[Venture]) -> dict[StageGroup, Figure]:
    sources: dict[StageGroup, list[Source]] = {group: [] for group in StageGroup}
    for venture in ventures:
        sources[stage_group(venture.stage)].append(venture_source(venture))
    return {group: figure(len(of), "count", calculation(f"ventures/{group}", of)) for group, of in sources.items()}


def portfolio_section(ventures: Sequence[Venture], alerts: Sequence[Alert], facts: ReportFacts) -> PortfolioSection:
    """Totals over the ventures listed. A total of nothing observed has no value: it is not zero."""
    currency = facts.organization.base_currency
    now = [facts.seen(venture.id, MetricKind.MRR) for venture in ventures]
    before = [facts.at_start.get(venture.id) for venture in ventures]
    both = calculation("portfolio_mrr_change", (*_sources(now), *_sources(before)))
    known = bool(_sources(now))
    compared = [found for venture in ventures if (found := facts.comparison(venture.id)) and found.target is not None]
    targets = sum((one.target for one in compared if one.target is not None), Decimal(0))
    pairs = [
        (facts.seen(venture.id, MetricKind.BURN_RATE), facts.seen(venture.id, MetricKind.RUNWAY_MONTHS))
        for venture in ventures
    ]
    runway = average_runway(pairs)
    counts = _counts(ventures)
    return PortfolioSection(
        mrr=_sum("portfolio_mrr", now, currency),
        mrr_at_start=_sum("portfolio_mrr", before, currency),
        mrr_change=figure(total(now) - total(before) if known else None, "money", both, currency),
        mrr_change_pct=figure(change_pct(total(now), total(before)) if known else None, "percent", both),
        target_mrr=figure(
            targets if compared else None,
            "money",
            calculation("portfolio_target_mrr", map(comparison_source, compared)),
            currency,
        ),
        ventures=figure(len(ventures), "count", calculation("ventures", map(venture_source, ventures))),
        profitable=counts[StageGroup.PROFITABLE],
        growth=counts[StageGroup.GROWTH],
        pre_revenue=counts[StageGroup.PRE_REVENUE],
        average_runway=figure(
            runway.months,
            "months",
            calculation("average_runway", _sources(left for burn, left in pairs if burns(burn))),
        ),
        runway_ventures=runway.ventures,
        alerts_by_severity={
            str(severity): count for severity, count in counted(Severity, (alert.severity for alert in alerts)).items()
        },
        not_converted=tuple(
            NotConverted(currency=code, amount=figure(amount, "money", calculation("unconverted", _sources(now)), code))
            for code, amount in unconverted_totals(now)
        ),
        series=_series(ventures, facts),
    )
