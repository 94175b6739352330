"""Setting limits: what they change among the open alerts changes at once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules.limits import Limits, OwnLimits, limits_in_force, out_of_order
from services.sync.alert_limit.models import AlertLimits
from services.sync.alert_limit.store import NONE, own_limits, stored_limits
from services.sync.loop.use_cases import reconsider_alerts
from services.sync.portfolio.use_cases import look_at_portfolios
from services.sync.venture.store import VentureKey, known_ventures
from shared.kernel.errors import Invalid, field_error
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import check_version


class LimitsOutOfOrder(Invalid):
    """A critical limit lies beyond the warning."""

    code = "limits_out_of_order"


async def read_limits(session: AsyncSession, organization_id: UUID, scope_id: UUID) -> tuple[int, OwnLimits, Limits]:
    """A scope's version, its own limits, and what is in force in it."""
    organization = await stored_limits(session, organization_id, organization_id)
    of_organization = own_limits(organization.limits) if organization else NONE
    if scope_id == organization_id:
        return organization.version if organization else 0, of_organization, limits_in_force(of_organization, NONE)
    venture = await stored_limits(session, organization_id, scope_id)
    of_venture = own_limits(venture.limits) if venture else NONE
    return venture.version if venture else 0, of_venture, limits_in_force(of_organization, of_venture)


async def set_limits(
    session: AsyncSession,
    organization_id: UUID,
    scope_id: UUID,
    limits: dict[str, Any],
    seen: int | None,
    *,
    actor: UUID,
    at: datetime,
) -> tuple[int, OwnLimits, Limits]:
    """Set a scope's own limits, and look at the alerts of its ventures again.

    Raises ``StaleVersion`` if ``seen`` is not the current version, ``LimitsOutOfOrder`` when a rise
    would skip a severity.
    """
    await lock_keys(session, "sync.alert_limits", [(organization_id, scope_id)])
    row = await stored_limits(session, organization_id, scope_id)
    check_version(row.version if row else 0, seen)
    if row is None:
        row = AlertLimits(organization_id=organization_id, scope_id=scope_id, version=0, limits={})
        session.add(row)
    if row.version == 0 or row.limits != limits:
        row.limits, row.version, row.changed_at, row.changed_by = limits, row.version + 1, at, actor
        await session.flush()
    found = await read_limits(session, organization_id, scope_id)
    if (wrong := out_of_order(found[2])) is not None:
        message = "its critical limit has to lie beyond its warning"
        raise LimitsOutOfOrder(f"{wrong.value}: {message}.", errors=[field_error(f"limits.{wrong.value}", message)])
    if scope_id == organization_id:
        await look_at_portfolios(session, [organization_id])
    await reconsider_alerts(session, await _ventures(session, organization_id, scope_id))
    return found


async def _ventures(session: AsyncSession, organization_id: UUID, scope_id: UUID) -> set[VentureKey]:
    if scope_id == organization_id:
        return await known_ventures(session, [organization_id])
    return {(organization_id, scope_id)}
