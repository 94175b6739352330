"""Reports over HTTP."""

from uuid import UUID

from fastapi import Response

from services.reporting.report import store, use_cases
from services.reporting.report.models import Report
from services.reporting.report.schemas import NewReport, ReportOut, ReportSummary
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["reports"])

_REPORTS = "Reports"
_PDF = {200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}}


@router.post("/reports", needs=Role.MEMBER, status_code=201, operation_id="createReport")
async def create_report(body: NewReport, call: Call, response: Response) -> ReportSummary:
    """Make the investor report of a period, frozen with the figures as they are known now.

    A period that is running is reported up to today; one that has not begun is refused.
    """
    call.demand_every_venture(_REPORTS)
    organization = await call.organization()
    report = await use_cases.make_report(
        call.session, organization, body.template, body.period, actor=call.user_id, now=call.now
    )
    summary = ReportSummary.of(report)
    response.headers["location"] = summary.links.json_
    return summary


@router.get("/reports", operation_id="listReports")
async def list_reports(call: Call, page: PageQuery) -> Page[ReportSummary]:
    """The organization's reports, newest first."""
    call.demand_every_venture(_REPORTS)
    by = [Report.created_at.desc(), Report.id.desc()]
    return await paginate(call.session, store.listed(call.organization_id), page, by=by, into=ReportSummary.of)


@router.get("/reports/{report_id}", operation_id="getReport")
async def get_report(report_id: UUID, call: Call) -> ReportOut:
    """The whole report as data: sections, texts, and every figure with its source."""
    call.demand_every_venture(_REPORTS)
    report = await store.find(call.session, call.organization_id, report_id)
    if report is None:
        raise use_cases.missing_report()
    return ReportOut.whole(report)


@router.get("/reports/{report_id}/pdf", operation_id="getReportPdf", response_class=Response, responses=_PDF)
async def get_report_pdf(report_id: UUID, call: Call) -> Response:
    """The report as PDF: the bytes that were frozen; their SHA-256 is the ETag."""
    call.demand_every_venture(_REPORTS)
    report = await store.find_pdf(call.session, call.organization_id, report_id)
    if report is None:
        raise use_cases.missing_report()
    name = f"{report.template}-report-{report.period_code}.pdf"
    headers = {"etag": f'"{report.sha256}"', "content-disposition": f'inline; filename="{name}"'}
    return Response(report.pdf, media_type="application/pdf", headers=headers)
