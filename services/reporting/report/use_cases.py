"""Making a report: facts, document, PDF, frozen together."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.portfolio import store as portfolio
from services.reporting.report.document import OrganizationPart, PeriodPart, ReportDocument
from services.reporting.report.models import Report
from services.reporting.report.rendering.press import PRESS, press_version
from services.reporting.report.rules.build import build_document
from services.reporting.report.rules.chapter import WINDOW
from services.reporting.report.rules.facts import AT_END, ReportFacts
from services.reporting.report.rules.period import UnknownPeriod, month_days, report_period
from shared.contracts.finance import MetricKind
from shared.contracts.reporting import ReportReady
from shared.kernel.errors import Invalid, NotFound, field_error
from shared.kernel.ids import new_id
from shared.kernel.periods import local_date, start_of_day
from shared.platform.bus.outbox import emit
from shared.platform.tenancy.organizations import OrganizationView


class UnknownReportPeriod(Invalid):
    """The period is none, or has not begun."""

    code = "unknown_period"


def missing_report() -> NotFound:
    """The answer for an id that is no report of the organization."""
    return NotFound("There is no report with this id.")


def period_of(template: str, code: str, organization: OrganizationView, now: datetime) -> PeriodPart:
    """The period asked for, in the organization's calendar."""
    today = local_date(now, organization.time_zone)
    try:
        return report_period(template, code, today, organization.fiscal_year_start)
    except UnknownPeriod as error:
        raise UnknownReportPeriod(str(error), errors=[field_error("period", str(error))]) from error


async def gather_facts(
    session: AsyncSession, organization: OrganizationView, period: PeriodPart, now: datetime
) -> ReportFacts:
    """What the read model knows of a period, in eight set-based reads."""
    days = tuple(month_days(period, WINDOW))
    before = period.start - timedelta(days=1)
    zone = organization.time_zone
    at_end = await portfolio.effective(session, organization.id, AT_END, [period.as_of])
    mrr = await portfolio.effective(session, organization.id, [MetricKind.MRR], [before, *days])
    start, end = start_of_day(period.start, zone), start_of_day(period.as_of + timedelta(days=1), zone)
    return ReportFacts(
        organization=OrganizationPart(
            id=organization.id,
            name=organization.name,
            base_currency=organization.base_currency,
            time_zone=zone,
            fiscal_year_start=organization.fiscal_year_start,
        ),
        period=period,
        generated_at=now.replace(microsecond=0),
        days=days,
        ventures=await portfolio.ventures(session, organization.id),
        plans=await portfolio.plans(session, organization.id),
        at_end={(venture, metric): seen for (venture, metric, _), seen in at_end.items()},
        at_start={venture: seen for (venture, _, day), seen in mrr.items() if day == before},
        mrr={(venture, day): seen for (venture, _, day), seen in mrr.items()},
        comparisons=await portfolio.comparisons(session, organization.id, days),
        projections=await portfolio.projections(session, organization.id),
        alerts=await portfolio.alerts_between(session, organization.id, start, end),
    )


async def make_report(
    session: AsyncSession,
    organization: OrganizationView,
    template: str,
    code: str,
    *,
    actor: UUID | None,
    now: datetime,
) -> Report:
    """Make and freeze the report of a period, and tell of it.

    The same figures and moment give the same PDF, byte for byte; both document and PDF are kept.
    """
    period = period_of(template, code, organization, now)
    document = build_document(template, await gather_facts(session, organization, period, now))
    pdf = await PRESS.print(document)
    report = _frozen(document, pdf, organization.id, actor, now)
    session.add(report)
    await session.flush()
    await emit(
        session,
        ReportReady(
            organization_id=organization.id,
            report_id=report.id,
            version=1,
            template=template,
            period_start=period.start,
            period_end=period.end,
            sha256=report.sha256,
            ready_at=now,
        ),
    )
    return report


def _frozen(document: ReportDocument, pdf: bytes, organization_id: UUID, actor: UUID | None, now: datetime) -> Report:
    period = document.period
    return Report(
        organization_id=organization_id,
        id=new_id(),
        template=document.template,
        status="ready",
        period_code=period.code,
        period_label=period.label,
        period_start=period.start,
        period_end=period.end,
        as_of=period.as_of,
        sha256=hashlib.sha256(pdf).hexdigest(),
        press=press_version(document),
        created_at=now,
        created_by=actor,
        document=document.model_dump(mode="json"),
        pdf=pdf,
    )
