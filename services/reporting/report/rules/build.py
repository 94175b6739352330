"""The whole document, from what is known of a period."""

from uuid import UUID

from services.reporting.portfolio.rules.facts import Alert
from services.reporting.portfolio.rules.figures import by_urgency
from services.reporting.report.document import ReportDocument, RiskSection, Sentences
from services.reporting.report.rules.chapter import alert_part, chapter
from services.reporting.report.rules.facts import ReportFacts
from services.reporting.report.rules.period import TITLES
from services.reporting.report.rules.portfolio import portfolio_section
from services.reporting.report.rules.summary import sentences
from shared.contracts.sync import Severity

EDITION = 1
"""Raised with every change of the typeset templates or charts: says which one made a frozen PDF."""


def build_document(template: str, facts: ReportFacts) -> ReportDocument:
    """The report of a period. The same facts always give the same document."""
    ventures = facts.listed()
    by_id = {venture.id: venture for venture in ventures}
    alerts = [alert for alert in facts.alerts if alert.venture_id in by_id and facts.is_of_period(alert)]
    of_venture: dict[UUID, list[Alert]] = {venture.id: [] for venture in ventures}
    for alert in alerts:
        of_venture[alert.venture_id].append(alert)
    chapters = [chapter(venture, of_venture[venture.id], facts) for venture in ventures]
    parts = [alert_part(alert, by_id[alert.venture_id], facts) for alert in by_urgency(alerts)]
    risks = tuple(part for part in parts if part.severity != Severity.INFO)
    portfolio = portfolio_section(ventures, alerts, facts)
    currency = facts.organization.base_currency
    return ReportDocument(
        edition=EDITION,
        template=template,
        title=TITLES[template],
        organization=facts.organization,
        period=facts.period,
        generated_at=facts.generated_at,
        summary=Sentences(sentences=sentences(portfolio, chapters, risks, facts.period, currency)),
        portfolio=portfolio,
        ventures=tuple(chapters),
        alerts=RiskSection(risks=risks, notices=tuple(part for part in parts if part.severity == Severity.INFO)),
    )
