"""The notifier: from notices to members' notifications, letters and webhook deliveries, each once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.delivery.use_cases import write_deliveries
from services.sync.errand import store as errands
from services.sync.errand.models import NOTICE
from services.sync.errand.store import Held
from services.sync.errand.worker import carry_out_errands
from services.sync.letter.use_cases import Reader, write_letters
from services.sync.notice.models import Notice
from services.sync.notice.recipients import Recipient, recipients_of
from services.sync.notice.store import notices_by_id
from services.sync.notice.use_cases import NOTIFIER
from services.sync.notification.models import Notification
from services.sync.preference.rules import EmailTiming, Preferences, decide
from services.sync.preference.store import preferences_of
from services.sync.webhook.store import endpoints_of
from shared.contracts.finance import MetricKind
from shared.contracts.sync import AlertType, NotificationCreated, NotificationType, Severity
from shared.kernel.clock import now
from shared.platform.bus.outbox import emit_all
from shared.platform.db.bulk import bulk_insert
from shared.platform.db.outage import is_outage
from shared.platform.failpoints import failpoint
from shared.platform.service import Runtime

log = structlog.get_logger()

AT_A_TIME = 50
_NOTHING = Preferences()


async def run_notifier(runtime: Runtime) -> None:
    """Spread notices as they appear, until the process ends."""

    async def carry_out(held: list[Held]) -> None:
        try:
            await spread(runtime, held)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("notices.one_by_one", count=len(held), reason=type(error).__name__)
            for one in held:
                await _spread_alone(runtime, one)

    await carry_out_errands(runtime, NOTIFIER, NOTICE, carry_out, AT_A_TIME)


async def _spread_alone(runtime: Runtime, held: Held) -> None:
    """One that cannot be spread delays none of the others; it is tried again when the hold on it ends."""
    try:
        await spread(runtime, [held])
    except Exception as error:
        if is_outage(error):
            raise
        log.exception("notices.failed", notice=str(held.id))


async def spread(runtime: Runtime, held: Sequence[Held]) -> None:
    """Tell everybody who wants to know, in one transaction with the end of the errands."""
    async with runtime.database.transaction({one.organization_id for one in held}) as session:
        mine = await errands.finish(session, [one.id for one in held])
        notices = await notices_by_id(session, [(one.organization_id, one.id) for one in held if one.id in mine])
        if notices:
            await _tell(session, notices, now())
        await failpoint("notifier.before_commit")


@dataclass(slots=True)
class _Told:
    """What comes of some notices."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    at_once: dict[tuple[UUID, UUID], list[Notice]] = field(default_factory=lambda: defaultdict(list))
    recipients: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))


async def _tell(session: AsyncSession, notices: Sequence[Notice], at: datetime) -> None:
    organizations = {notice.organization_id for notice in notices}
    members = await recipients_of(session, organizations)
    preferences = await preferences_of(session, organizations)
    told = _Told()
    for notice in notices:
        for member in members[notice.organization_id]:
            if member.may_know(notice):
                _tell_one(notice, member, preferences, told)
    readers = {reader: found for reader, found in told.at_once.items() if found}
    letters = await write_letters(session, {Reader(*reader): found for reader, found in readers.items()}, at)
    for row in told.rows:
        if row["email"] == EmailTiming.NOW.value:
            row["letter_id"] = letters[row["organization_id"], row["user_id"]]
    await bulk_insert(session, Notification, told.rows, on_conflict="ignore")
    events = [created(notice, told.recipients[notice.id]) for notice in notices]
    await write_deliveries(session, events, await endpoints_of(session, organizations), at)
    await emit_all(session, events)


def _tell_one(
    notice: Notice, member: Recipient, preferences: dict[tuple[UUID, UUID], Preferences], told: _Told
) -> None:
    organization = notice.organization_id
    layers = [preferences.get((organization, scope), _NOTHING) for scope in (member.user_id, organization)]
    kind = NotificationType(notice.type)
    decision = decide(kind, notice.alert_type or kind.value, Severity(notice.severity), layers)
    if decision.silent:
        return
    told.recipients[notice.id] += decision.in_app
    if decision.email is EmailTiming.NOW:
        told.at_once[organization, member.user_id].append(notice)
    told.rows.append(
        {
            "organization_id": organization,
            "user_id": member.user_id,
            "notice_id": notice.id,
            "venture_id": notice.venture_id,
            "in_app": decision.in_app,
            "email": decision.email.value,
            "letter_id": None,
            "created_at": notice.created_at,
            "read_at": None,
        }
    )


def created(notice: Notice, recipients: int) -> NotificationCreated:
    """The event that tells of a notice, which is also what webhook endpoints are told."""
    return NotificationCreated(
        organization_id=notice.organization_id,
        notification_id=notice.id,
        type=NotificationType(notice.type),
        severity=Severity(notice.severity),
        title=notice.title,
        message=notice.message,
        suggested_action=notice.suggested_action,
        venture_id=notice.venture_id,
        alert_type=AlertType(notice.alert_type) if notice.alert_type else None,
        alert_id=notice.alert_id,
        related_plan_section=notice.related_plan_section,
        metric=MetricKind(notice.metric) if notice.metric else None,
        observed_on=notice.observed_on,
        variance_pct=notice.variance_pct,
        plan_version=notice.plan_version,
        recipients=recipients,
        created_at=notice.created_at,
    )
