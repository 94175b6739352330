"""Alert limits over HTTP."""

from uuid import UUID

from services.sync.alert_limit import use_cases
from services.sync.alert_limit.schemas import LimitsBody, LimitsOut, VentureLimitsBody
from services.sync.venture.models import VentureView
from shared.contracts.identity import Role
from shared.platform.db.waiting import known
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["alert limits"])

_OF_VENTURE = "/ventures/{venture_id}/alert-limits"


@router.get("/alert-limits", operation_id="getAlertLimits")
async def get_alert_limits(call: Call) -> LimitsOut:
    """Beyond which values alerts are due in the organization."""
    return LimitsOut.of(*await use_cases.read_limits(call.session, call.organization_id, call.organization_id))


@router.put("/alert-limits", needs=Role.ADMIN, operation_id="setAlertLimits")
async def set_alert_limits(body: LimitsBody, call: Call, if_match: IfMatch) -> LimitsOut:
    """Set the organization's limits; alerts follow at once."""
    return await _set(call, call.organization_id, body, if_match)


@router.get(_OF_VENTURE, operation_id="getVentureAlertLimits")
async def get_venture_alert_limits(venture_id: UUID, call: Call) -> LimitsOut:
    """Beyond which values alerts are due for one venture."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    return LimitsOut.of(*await use_cases.read_limits(call.session, call.organization_id, venture_id))


@router.put(_OF_VENTURE, needs=Role.ADMIN, operation_id="setVentureAlertLimits")
async def set_venture_alert_limits(
    venture_id: UUID, body: VentureLimitsBody, call: Call, if_match: IfMatch
) -> LimitsOut:
    """Set what one venture has instead of the organization's limits; its alerts follow at once."""
    await known(call.session, VentureView, organization_id=call.organization_id, id=venture_id)
    return await _set(call, venture_id, body, if_match)


async def _set(call: TenantCall, scope_id: UUID, body: LimitsBody, seen: int | None) -> LimitsOut:
    found = await use_cases.set_limits(
        call.session, call.organization_id, scope_id, body.stored(), seen, actor=call.user_id, at=call.now
    )
    return LimitsOut.of(*found)
