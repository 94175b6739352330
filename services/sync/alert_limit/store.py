"""SQL of own limits."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.alert.rules.limits import Limits, OwnLimit, OwnLimits, limits_in_force
from services.sync.alert_limit.models import AlertLimits
from services.sync.hot import Reading, Rows
from services.sync.venture.store import VentureKey
from shared.contracts.sync import AlertType

NONE: OwnLimits = {}


def own_limits(stored: Mapping[str, Mapping[str, Any]]) -> OwnLimits:
    """Stored limits as values."""
    return {
        AlertType(kind): OwnLimit(_decimal(own.get("warning")), _decimal(own.get("critical")), own.get("enabled"))
        for kind, own in stored.items()
    }


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def limits_of(ventures: Collection[VentureKey]) -> Reading[dict[VentureKey, Limits]]:
    """The limits in force of each venture."""
    asked = list(ventures)
    scopes = {*asked, *((organization, organization) for organization, _venture in asked)}

    def load(rows: Rows) -> dict[VentureKey, Limits]:
        own = {(organization, scope): own_limits(limits) for organization, scope, limits in rows}
        return {
            venture: limits_in_force(own.get((venture[0], venture[0]), NONE), own.get(venture, NONE))
            for venture in asked
        }

    return Reading(
        """
        SELECT l.organization_id, l.scope_id, l.limits
        FROM unnest(%s::uuid[], %s::uuid[]) AS asked (organization_id, scope_id)
        JOIN alert_limits l ON l.organization_id = asked.organization_id AND l.scope_id = asked.scope_id
        """,
        ([organization for organization, _scope in scopes], [scope for _organization, scope in scopes]),
        load,
    )


async def stored_limits(session: AsyncSession, organization_id: UUID, scope_id: UUID) -> AlertLimits | None:
    """What a scope set, if it did."""
    return await session.get(AlertLimits, (organization_id, scope_id), populate_existing=True)
