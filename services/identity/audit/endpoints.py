"""The audit log over HTTP: searched page by page, or exported whole."""

from collections.abc import AsyncIterator
from uuid import UUID

from fastapi import Request
from fastapi.responses import StreamingResponse

from services.identity.audit import rules, store
from services.identity.audit.models import AuditEntry
from services.identity.audit.schemas import AuditEntryOut, AuditFilter, AuditQuery
from shared.contracts.identity import Role
from shared.kernel.errors import NotFound
from shared.platform.db.edges import Database
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, PageRequest, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["audit log"])

_CSV = {
    200: {"description": "One line for each thing changed", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_NEWEST_FIRST = [AuditEntry.at.desc(), AuditEntry.id.desc()]
_AT_ONCE = 200


@router.get("/audit-log", needs=Role.ADMIN, operation_id="listAuditEntries")
async def list_audit_entries(call: Call, page: PageQuery, wanted: AuditQuery) -> Page[AuditEntryOut]:
    """Who did what, newest first: every change that somebody made in any service, and every login."""
    return await paginate(
        call.session, store.entries_of(call.organization_id, wanted), page, by=_NEWEST_FIRST, into=AuditEntryOut.of
    )


@router.get(
    "/audit-log/export",
    needs=Role.ADMIN,
    operation_id="exportAuditEntries",
    response_class=StreamingResponse,
    responses=_CSV,
)
async def export_audit_entries(call: Call, request: Request, wanted: AuditQuery) -> StreamingResponse:
    """The same as CSV, all of it. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    first = await paginate(
        call.session,
        store.entries_of(call.organization_id, wanted),
        PageRequest(limit=_AT_ONCE),
        by=_NEWEST_FIRST,
        into=AuditEntryOut.of,
    )
    database: Database = request.app.state.runtime.database
    return StreamingResponse(
        _lines(first, database, call.organization_id, wanted),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="audit-log.csv"', "cache-control": "private, no-store"},
    )


@router.get("/audit-log/{entry_id}", needs=Role.ADMIN, operation_id="getAuditEntry")
async def get_audit_entry(entry_id: UUID, call: Call) -> AuditEntryOut:
    """One entry."""
    found = store.entries_of(call.organization_id, AuditFilter()).where(AuditEntry.id == entry_id)
    row = (await call.session.execute(found)).one_or_none()
    if row is None:
        raise NotFound("There is no audit entry with this id.")
    return AuditEntryOut.of(*row)


async def _lines(
    page: Page[AuditEntryOut], database: Database, organization_id: UUID, wanted: AuditFilter
) -> AsyncIterator[str]:
    """Page after page, each in a short transaction of its own: a slow reader holds none open."""
    yield rules.csv_lines([rules.COLUMNS])
    while True:
        yield rules.csv_lines(row for entry in page.items for row in entry.rows())
        if page.next_cursor is None:
            return
        async with database.transaction([organization_id]) as session:
            page = await paginate(
                session,
                store.entries_of(organization_id, wanted),
                PageRequest(limit=_AT_ONCE, cursor=page.next_cursor),
                by=_NEWEST_FIRST,
                into=AuditEntryOut.of,
            )
