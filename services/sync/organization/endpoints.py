"""An organization's sync settings over HTTP."""

from services.sync.organization import store, use_cases
from services.sync.organization.schemas import SyncSettingsBody, SyncSettingsOut
from shared.contracts.identity import Role
from shared.platform.http.call import Call
from shared.platform.http.concurrency import IfMatch
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["sync settings"])


@router.get("/sync/settings", operation_id="getSyncSettings")
async def get_sync_settings(call: Call) -> SyncSettingsOut:
    """What happens to projections when a plan changes financially."""
    settings = await store.settings_of(call.session, call.organization_id)
    if settings is None:
        return SyncSettingsOut(version=0, projection_mode="prompt")
    return SyncSettingsOut.model_validate(settings)


@router.put("/sync/settings", needs=Role.ADMIN, operation_id="saveSyncSettings")
async def save_sync_settings(body: SyncSettingsBody, call: Call, if_match: IfMatch) -> SyncSettingsOut:
    """Choose between an alert that offers new projections (prompt) and making them at once (auto)."""
    settings = await use_cases.choose_projection_mode(
        call.session, call.organization_id, body.projection_mode, if_match, actor=call.user_id, at=call.now
    )
    return SyncSettingsOut.model_validate(settings)
