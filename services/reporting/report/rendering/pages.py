"""What the templates show: a document's figures as text, grouped as the pages need them.

Templates place text and decide nothing; every string here is shown as it is, never read as markup.
"""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from services.reporting.report.document import (
    AlertPart,
    Figure,
    MonthRow,
    ReportDocument,
    StrategyPart,
    VentureChapter,
)
from services.reporting.report.rendering.figures import NONE, amount, shown, signed_percent
from services.reporting.report.rendering.sources import source_groups
from services.reporting.report.rules.wording import day_text

STATUS = {
    "ON_TRACK": "On track",
    "EXCEEDING": "Exceeding",
    "MONITOR": "Monitor",
    "LAGGING": "Lagging",
    "PLANNED": "No target",
    "NO_DATA": "No data",
}
STAGE = {
    "IDEA": "Idea",
    "PRE_REVENUE": "Pre-revenue",
    "GROWTH": "Growth",
    "SCALING": "Scaling",
    "PROFITABLE": "Profitable",
}
_ATTENTION = ("LAGGING", "MONITOR", "NO_DATA")
MARKET = {"BLUE_OCEAN": "Blue ocean", "RED_OCEAN": "Red ocean", "NICHE": "Niche"}
PLAN = {"complete": "Complete", "draft": "Draft", "missing": "No plan yet"}
SECTION = {"gtm_strategy": "Go-to-market", "financials": "Financials", "unit_economics": "Unit economics"}


def _grows(burn: Figure) -> bool:
    """Whether cash does not shrink: there is no burn to show, and the runway has no end (06)."""
    return burn.value is not None and Decimal(burn.value) <= 0


def _label(words: dict[str, str], key: str | None) -> str:
    return NONE if key is None else words.get(key, key.replace("_", " ").capitalize())


def _alert(part: AlertPart) -> dict[str, Any]:
    return {
        "severity": part.severity,
        "severity_text": part.severity.capitalize(),
        "status": part.status.capitalize(),
        "venture": part.venture_name,
        "title": part.title,
        "message": part.message,
        "action": part.suggested_action,
        "section": _label(SECTION, part.plan_section) if part.plan_section else None,
        "raised": day_text(part.raised_on),
    }


def _strategy(part: StrategyPart) -> list[list[str]]:
    target = shown(part.target_mrr)
    if part.target_mrr.value is not None and part.target_date:
        target = f"{target} by {day_text(part.target_date)}"
    sizes = [
        f"{name}: {shown(figure)}"
        for name, figure in (("TAM", part.tam), ("SAM", part.sam), ("SOM", part.som))
        if figure.value is not None
    ]
    plan = _label(PLAN, part.plan)
    if part.plan_version is not None:
        plan = f"{plan}, version {part.plan_version}, {shown(part.completeness)} filled in"
    rows = [
        ["Market", part.market or NONE],
        ["Market type", _label(MARKET, part.market_type)],
        ["Market size", "\n".join(sizes) or NONE],
        ["Target MRR", target],
        ["Moat", part.moat or NONE],
        ["POFW score", shown(part.pofw)],
        ["Plan", plan],
    ]
    return [row for row in rows if row[1] != NONE or row[0] in ("Target MRR", "POFW score")]


def _performance(chapter: VentureChapter) -> list[list[str]]:
    part = chapter.performance
    rows = [
        ["MRR", shown(part.mrr)],
        ["Pro-rated target", shown(part.target)],
        ["Against target", signed_percent(part.variance_pct)],
        ["Of the final target", shown(part.progress_pct)],
        ["Growth in the period", signed_percent(part.growth_pct)],
        ["Customers", shown(part.customers)],
        ["Net burn a month", "Not burning" if _grows(part.burn) else shown(part.burn)],
        ["Runway", "No end" if _grows(part.burn) else shown(part.runway)],
    ]
    return [row for row in rows if row[1] != NONE or row[0] in ("MRR", "Pro-rated target", "Runway")]


def _months(rows: Sequence[MonthRow]) -> list[list[str]]:
    return [
        [
            f"{row.day:%b %Y}" if row.ahead or row.day == row.month_end else f"{row.day.day} {row.day:%b %Y}",
            amount(row.mrr),
            amount(row.target),
            signed_percent(row.variance_pct),
            "Ahead" if row.ahead else STATUS.get(row.status or "", NONE),
        ]
        for row in rows
    ]


def _chapter(chapter: VentureChapter, chart: str | None) -> dict[str, Any]:
    done = chapter.performance
    return {
        "name": chapter.name,
        "stage": _label(STAGE, chapter.stage),
        "status": done.status,
        "status_text": STATUS.get(done.status, done.status),
        "one_liner": chapter.strategy.one_liner,
        "strategy": _strategy(chapter.strategy),
        "performance": _performance(chapter),
        "observed": f"Observed on {day_text(done.observed_on)}." if done.observed_on else "No MRR was observed yet.",
        "chart": chart,
        "chart_text": _chart_text(chapter),
        "action": chapter.action,
        "urgent": any(part.severity != "INFO" and part.status == "open" for part in chapter.alerts),
        "alerts": [_alert(part) for part in chapter.alerts],
        "months": _months(chapter.months),
        "matrix": [
            chapter.name,
            _label(STAGE, chapter.stage),
            chapter.strategy.pofw.value or NONE,
            amount(done.mrr),
            amount(done.target),
            signed_percent(done.variance_pct),
            STATUS.get(done.status, done.status),
            signed_percent(done.growth_pct),
            "Not burning" if _grows(done.burn) else amount(done.burn),
            "No end" if _grows(done.burn) else shown(done.runway).removesuffix(" months").removesuffix(" month"),
        ],
    }


def _chart_text(chapter: VentureChapter) -> str:
    facts = [
        f"{row.day:%b %Y}: actual {amount(row.mrr)}, target {amount(row.target)}"
        for row in chapter.months
        if row.mrr.value is not None or row.target.value is not None
    ]
    return f"Line chart of the MRR of {chapter.name} by month. {'; '.join(facts)}."


def _span(document: ReportDocument) -> str:
    period = document.period
    last = date.fromordinal(period.end.toordinal() - 1)
    span = f"{day_text(period.start)} to {day_text(last)}"
    return span if period.complete else f"{span}; figures to {day_text(period.as_of)}"


def _cards(document: ReportDocument) -> list[dict[str, str]]:
    part = document.portfolio
    runway = (
        f"of {part.runway_ventures} that burn cash" if part.runway_ventures else "no venture with burn and runway known"
    )
    return [
        {"name": "Portfolio MRR", "value": shown(part.mrr), "note": f"on {day_text(document.period.as_of)}"},
        {
            "name": "Change in the period",
            "value": signed_percent(part.mrr_change_pct),
            "note": f"from {shown(part.mrr_at_start)}" if part.mrr_at_start.value else "nothing to compare with",
        },
        {"name": "Pro-rated targets", "value": shown(part.target_mrr), "note": "of the ventures compared"},
        {
            "name": "Ventures",
            "value": shown(part.ventures),
            "note": f"{part.profitable.value} profitable, {part.growth.value} growth, "
            f"{part.pre_revenue.value} pre-revenue",
        },
        {"name": "Average runway", "value": shown(part.average_runway), "note": runway},
        {
            "name": "Warnings in the period",
            "value": str(len(document.alerts.risks)),
            "note": f"{part.alerts_by_severity.get('CRITICAL', 0)} critical",
        },
    ]


def page_data(document: ReportDocument, charts: dict[str, str]) -> dict[str, Any]:
    """Everything that the templates place; ``charts`` maps a chart's name to its file."""
    part = document.portfolio
    chapters = [_chapter(chapter, charts.get(f"venture-{place}")) for place, chapter in enumerate(document.ventures)]
    data = {
        "title": document.title,
        "organization": document.organization.name,
        "currency": document.organization.base_currency,
        "period": document.period.label,
        "span": _span(document),
        "as_of": day_text(document.period.as_of),
        "generated": f"{day_text(document.generated_at.date())}, {document.generated_at:%H:%M} UTC",
        "sentences": list(document.summary.sentences),
        "cards": _cards(document),
        "portfolio_chart": charts.get("portfolio"),
        "portfolio_chart_text": "Line chart of the portfolio's MRR by month. "
        + "; ".join(f"{point.day:%b %Y}: {shown(point.mrr)}" for point in part.series)
        + ".",
        "standing_chart": charts.get("standing"),
        "not_converted": [shown(left.amount) for left in part.not_converted],
        "attention": [page for page in chapters if page["status"] in _ATTENTION or page["urgent"]],
        "ventures": chapters,
        "risks": [_alert(risk) for risk in document.alerts.risks],
        "notices": [_alert(notice) for notice in document.alerts.notices],
        "sources": source_groups(document),
    }
    return {key: _breakable(value) for key, value in data.items()}


_UNBROKEN = re.compile(r"[^\s/-]{28}(?=[^\s/-])")


def _breakable(value: Any) -> Any:
    """The same data with invisible break places inside words that are too long for a column."""
    if isinstance(value, str):
        return _UNBROKEN.sub("\\g<0>\u200b", value)
    if isinstance(value, list):
        return [_breakable(one) for one in value]
    if isinstance(value, dict):
        return {key: _breakable(one) for key, one in value.items()}
    return value
