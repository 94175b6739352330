"""What the letter says: the portfolio, plan against actual, what needs attention, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from services.reporting.report.document import ReportDocument, VentureChapter
from services.reporting.report.rules.wording import count_text, money_text, percent_text
from shared.contracts.sync import PerformanceStatus, Severity

MOST_VENTURES = 30
"""A letter names so many ventures; the attached report has all."""


@dataclass(frozen=True, slots=True)
class Text:
    """A letter's subject and body."""

    subject: str
    body: str


def needs_attention(chapter: VentureChapter) -> bool:
    """Whether a venture lags behind its plan, or a warning about it is open."""
    warned = any(alert.status == "open" and alert.severity != Severity.INFO for alert in chapter.alerts)
    return warned or chapter.performance.status == PerformanceStatus.LAGGING


def letter(document: ReportDocument, report_path: str) -> Text:
    """The letter that comes with a report."""
    concerned = [one for one in document.ventures if needs_attention(one)]
    name = document.organization.name
    what = f"{count_text(len(concerned), 'venture needs', 'ventures need')} attention" if concerned else "all is well"
    subject = " ".join(f"[{name}] {document.period.label}: {what}".split())[:200]
    parts = [f"{document.title} of {name}, {document.period.label}.", " ".join(document.summary.sentences)]
    if document.ventures:
        parts.append(_section("Plan and actual", map(_compared, document.ventures), len(document.ventures)))
    if concerned:
        parts.append(_section("What needs attention", map(_attention, concerned), len(concerned)))
    parts.append(f"The whole report is attached; it is kept at {report_path}")
    return Text(subject, "\n\n".join(parts) + "\n")


def _section(heading: str, lines: Iterator[str], count: int) -> str:
    shown = [line for line, _place in zip(lines, range(MOST_VENTURES), strict=False)]
    more = [f"- and {count - MOST_VENTURES} more"] if count > MOST_VENTURES else []
    return "\n".join([heading, *shown, *more])


def _compared(chapter: VentureChapter) -> str:
    part = chapter.performance
    actual, target, variance = part.mrr.value, part.target.value, part.variance_pct.value
    if actual is None:
        return f"- {chapter.name}: no MRR was observed"
    said = f"- {chapter.name}: MRR {money_text(Decimal(actual), part.mrr.currency or '')}"
    if target is None or variance is None:
        return f"{said}, no target ({part.status})"
    direction = "below" if Decimal(variance) < 0 else "above"
    against = money_text(Decimal(target), part.target.currency or "")
    return f"{said}, {percent_text(Decimal(variance))} {direction} the pro-rated {against} ({part.status})"


def _attention(chapter: VentureChapter) -> str:
    warnings = [alert for alert in chapter.alerts if alert.status == "open" and alert.severity != Severity.INFO]
    said = "".join(f"\n  {alert.severity}: {alert.message}" for alert in warnings)
    return f"- {chapter.name}{said}\n  What to do: {chapter.action}"
