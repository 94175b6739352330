"""Alerts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.alert import store, use_cases
from services.sync.alert.models import Alert
from services.sync.alert.schemas import AlertOut, AlertWithHistoryOut, DismissBody
from shared.contracts.identity import Role
from shared.contracts.sync import AlertStatus, AlertType, Severity
from shared.kernel.errors import NotFound
from shared.platform.http.call import Call
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["alerts"])


@router.get("/alerts", operation_id="listAlerts")
async def list_alerts(
    call: Call,
    page: PageQuery,
    *,
    status: Annotated[AlertStatus | None, Query(description="open, dismissed or resolved")] = None,
    alert_type: Annotated[AlertType | None, Query(alias="type", description="Only this type")] = None,
    venture_id: Annotated[UUID | None, Query(alias="venture", description="Only this venture's")] = None,
    severity: Annotated[Severity | None, Query(description="Only this severity")] = None,
) -> Page[AlertOut]:
    """The organization's alerts, newest first."""
    statement = store.listed_alerts(
        call.organization_id, venture_id=venture_id, status=status, severity=severity, alert_type=alert_type
    )
    by = [Alert.raised_at.desc(), Alert.id.desc()]
    return await paginate(call.session, statement, page, by=by, into=AlertOut.of)


@router.get("/alerts/{alert_id}", operation_id="getAlert")
async def get_alert(alert_id: UUID, call: Call) -> AlertWithHistoryOut:
    """One alert with its history: every change of what it said, with time and cause."""
    return await _shown(call, alert_id)


@router.post("/alerts/{alert_id}/dismiss", needs=Role.MEMBER, operation_id="dismissAlert")
async def dismiss_alert(alert_id: UUID, call: Call, body: DismissBody | None = None) -> AlertWithHistoryOut:
    """Take an open alert off the list; it stays quiet until its severity rises or the next month begins."""
    organization = await call.organization()
    reason = body.reason if body else None
    dismissal = use_cases.Dismissal(call.user_id, call.now, organization.time_zone, reason)
    await use_cases.dismiss_alert(call.session, call.organization_id, alert_id, dismissal)
    return await _shown(call, alert_id)


async def _shown(call: Call, alert_id: UUID) -> AlertWithHistoryOut:
    row = await store.alert_by_id(call.session, call.organization_id, alert_id)
    if row is None:
        raise NotFound("There is no alert with this id in this organization.")
    history = await store.history_of(call.session, call.organization_id, alert_id)
    return AlertWithHistoryOut.with_history(row, history)
