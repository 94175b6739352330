"""Preferences over HTTP: one's own, and what the organization has for those who set none."""

from uuid import UUID

from services.sync.preference import use_cases
from services.sync.preference.schemas import PreferencesBody, PreferencesOut
from shared.contracts.identity import Role
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["notification preferences"])


@router.get("/notification-preferences", operation_id="getNotificationPreferences")
async def get_notification_preferences(call: Call) -> PreferencesOut:
    """How you are told of what: what you set yourself, and what is in force with the organization's defaults."""
    return PreferencesOut.of(*await use_cases.read_preferences(call.session, call.organization_id, call.user_id))


@router.put("/notification-preferences", needs=Role.VIEWER, operation_id="setNotificationPreferences")
async def set_notification_preferences(body: PreferencesBody, call: Call, if_match: IfMatch) -> PreferencesOut:
    """Set how you are told of what, from now on."""
    return await _set(call, call.user_id, body, if_match)


@router.get("/notification-defaults", operation_id="getNotificationDefaults")
async def get_notification_defaults(call: Call) -> PreferencesOut:
    """How members are told who have not set it themselves."""
    found = await use_cases.read_preferences(call.session, call.organization_id, call.organization_id)
    return PreferencesOut.of(*found)


@router.put("/notification-defaults", needs=Role.ADMIN, operation_id="setNotificationDefaults")
async def set_notification_defaults(body: PreferencesBody, call: Call, if_match: IfMatch) -> PreferencesOut:
    """Set how members are told who have not set it themselves."""
    return await _set(call, call.organization_id, body, if_match)


async def _set(call: TenantCall, scope_id: UUID, body: PreferencesBody, seen: int | None) -> PreferencesOut:
    found = await use_cases.set_preferences(
        call.session, call.organization_id, scope_id, body.stored(), seen, actor=call.user_id, at=call.now
    )
    return PreferencesOut.of(*found)
