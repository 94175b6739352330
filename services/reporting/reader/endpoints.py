"""The report mail's readers over HTTP."""

from services.reporting.reader import store, use_cases
from services.reporting.reader.models import ReportReaders
from services.reporting.reader.schemas import ReadersBody, ReadersOut
from shared.contracts.identity import Role
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["reports"])


@router.get("/report-mail", operation_id="getReportMail")
async def get_report_mail(call: Call) -> ReadersOut:
    """Who gets the monthly report by mail."""
    return await _shown(call, await store.choice_of(call.session, call.organization_id))


@router.put("/report-mail", needs=Role.ADMIN, operation_id="chooseReportReaders")
async def choose_report_readers(body: ReadersBody, call: Call, if_match: IfMatch) -> ReadersOut:
    """Choose who gets the monthly report by mail, from the next one on."""
    chosen = await use_cases.choose_readers(
        call.session, call.organization_id, body.readers, if_match, actor=call.user_id, at=call.now
    )
    return await _shown(call, chosen)


async def _shown(call: TenantCall, choice: ReportReaders | None) -> ReadersOut:
    return ReadersOut(
        version=choice.version if choice else 0,
        readers=choice.readers if choice else None,
        in_force=await store.readers(call.session, call.organization_id),
    )
