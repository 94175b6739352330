"""Notifications over HTTP: each member's own."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.sync.notice.models import Notice
from services.sync.notification import store
from services.sync.notification.models import Notification
from services.sync.notification.schemas import NotificationOut, ReadAllBody, ReadAllOut, UnreadOut
from shared.contracts.identity import Role
from shared.contracts.sync import NotificationType, Severity
from shared.kernel.errors import NotFound
from shared.platform.http.call import Call, TenantCall
from shared.platform.http.paging import Page, PageQuery, paginate
from shared.platform.http.routing import TenantRouter

router = TenantRouter(tags=["notifications"])


@router.get("/notifications", operation_id="listNotifications")
async def list_notifications(
    call: Call,
    page: PageQuery,
    *,
    unread: Annotated[bool | None, Query(description="Only unread ones, or only those that were read")] = None,
    venture_id: Annotated[UUID | None, Query(alias="venture", description="Only this venture's")] = None,
    severity: Annotated[Severity | None, Query(description="Only this severity")] = None,
    kind: Annotated[NotificationType | None, Query(alias="type", description="Only this type")] = None,
) -> Page[NotificationOut]:
    """What you were told, newest first."""
    statement = store.listed(
        call.organization_id, call.user_id, unread=unread, venture_id=venture_id, severity=severity, kind=kind
    )
    by = [Notification.created_at.desc(), Notification.notice_id.desc()]

    def shown(mine: Notification, notice: Notice) -> NotificationOut:
        return NotificationOut.of(mine, notice, call.role)

    return await paginate(call.session, statement, page, by=by, into=shown)


@router.get("/notifications/unread-count", operation_id="countUnreadNotifications")
async def count_unread_notifications(call: Call) -> UnreadOut:
    """How many of your notifications are unread."""
    counts = await store.unread_by_severity(call.session, call.organization_id, call.user_id)
    return UnreadOut(unread=sum(counts.values()), by_severity=counts)


@router.post("/notifications/read-all", needs=Role.VIEWER, operation_id="readAllNotifications")
async def read_all_notifications(call: Call, body: ReadAllBody | None = None) -> ReadAllOut:
    """Mark your notifications as read: all, or those that you have seen."""
    up_to = (await _found(call, body.up_to))[0] if body and body.up_to else None
    marked = await store.mark_read(call.session, call.organization_id, call.user_id, call.now, up_to=up_to)
    return ReadAllOut(marked=marked)


@router.get("/notifications/{notification_id}", operation_id="getNotification")
async def get_notification(notification_id: UUID, call: Call) -> NotificationOut:
    """One of your notifications; reading it here does not mark it."""
    return NotificationOut.of(*await _found(call, notification_id), call.role)


@router.post("/notifications/{notification_id}/read", needs=Role.VIEWER, operation_id="readNotification")
async def read_notification(notification_id: UUID, call: Call) -> NotificationOut:
    """Mark a notification as read; once it is, nothing changes."""
    mine, notice = await _found(call, notification_id)
    mine.read_at = mine.read_at or call.now
    return NotificationOut.of(mine, notice, call.role)


@router.post("/notifications/{notification_id}/unread", needs=Role.VIEWER, operation_id="unreadNotification")
async def unread_notification(notification_id: UUID, call: Call) -> NotificationOut:
    """Mark a notification as unread again."""
    mine, notice = await _found(call, notification_id)
    mine.read_at = None
    return NotificationOut.of(mine, notice, call.role)


async def _found(call: TenantCall, notification_id: UUID) -> tuple[Notification, Notice]:
    found = await store.find(call.session, call.organization_id, call.user_id, notification_id)
    if found is None:
        raise NotFound("You have no notification with this id in this organization.")
    return found
