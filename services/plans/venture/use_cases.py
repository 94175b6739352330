"""What can be done with ventures."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.venture import store
from services.plans.venture.models import Venture
from services.plans.venture.schemas import NewVenture
from shared.contracts.plans import MarketType, VentureCreated, VentureStage, VentureState, VentureUpdated
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, NotFound, field_error
from shared.kernel.ids import new_id
from shared.kernel.text import same_name_key
from shared.platform.bus.outbox import emit
from shared.platform.db.bulk import lock_keys
from shared.platform.http.concurrency import Expected, check_version


class VentureNameTaken(Conflict):
    """Another venture of the organization has this name."""

    code = "venture_name_taken"


class VentureArchived(Conflict):
    """An archived venture does not change."""

    code = "venture_archived"


def missing_venture() -> NotFound:
    """The answer for a venture that is not there, or belongs to another organization."""
    return NotFound("There is no venture with this id in this organization.")


async def require_open_venture(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> None:
    """Refuse a venture that is missing or archived."""
    venture = await store.find(session, organization_id, venture_id)
    if venture is None:
        raise missing_venture()
    if venture.archived_at is not None:
        raise VentureArchived("The venture is archived; unarchive it first.", allowed_actions=["unarchive"])


async def create_venture(session: AsyncSession, wanted: NewVenture, base_currency: str, actor: Actor) -> Venture:
    """Create a venture; its name is unique among the organization's ventures that are not archived."""
    venture = Venture(
        organization_id=actor.organization_id,
        id=new_id(),
        name=wanted.name,
        name_key=same_name_key(wanted.name),
        description=wanted.description,
        stage=wanted.stage.value,
        market_type=None if wanted.market_type is None else wanted.market_type.value,
        currency=wanted.currency or base_currency,
        is_cash_holding=wanted.is_cash_holding,
        version=1,
        created_at=actor.now,
        created_by=actor.user_id,
        updated_at=actor.now,
        archived_at=None,
    )
    await _claim_name(session, venture)
    session.add(venture)
    await session.flush()
    await emit(session, _state(VentureCreated, venture))
    _note(session, ActivityKind.VENTURE_CREATED, venture, actor, name=venture.name)
    return venture


async def change_venture(
    session: AsyncSession, venture_id: UUID, wanted: dict[str, Any], versions: Expected, actor: Actor
) -> Venture:
    """Change some columns of a venture; nothing happens when they already are as wanted."""
    venture = await _locked(session, venture_id, versions, actor)
    if venture.archived_at is not None:
        raise VentureArchived("The venture is archived; unarchive it first.", allowed_actions=["unarchive"])
    changed = {name: value for name, value in wanted.items() if getattr(venture, name) != value}
    if not changed:
        return venture
    for name, value in changed.items():
        setattr(venture, name, value)
    venture.name_key = same_name_key(venture.name)
    if "name" in changed:
        await _claim_name(session, venture)
    _note(session, ActivityKind.VENTURE_CHANGED, venture, actor, fields=list(changed))
    return await _changed(session, venture, actor)


async def set_archived(
    session: AsyncSession, venture_id: UUID, *, archived: bool, versions: Expected, actor: Actor
) -> Venture:
    """Archive a venture, or take it back; repeating it changes nothing."""
    venture = await _locked(session, venture_id, versions, actor)
    if (venture.archived_at is not None) == archived:
        return venture
    venture.archived_at = actor.now if archived else None
    if not archived:
        await _claim_name(session, venture)
    _note(session, ActivityKind.VENTURE_ARCHIVED if archived else ActivityKind.VENTURE_UNARCHIVED, venture, actor)
    return await _changed(session, venture, actor)


def _note(session: AsyncSession, kind: ActivityKind, venture: Venture, actor: Actor, **detail: Any) -> None:
    note(session, (venture.organization_id, venture.id), kind, actor.now, actor.user_id, **detail)


async def _locked(session: AsyncSession, venture_id: UUID, versions: Expected, actor: Actor) -> Venture:
    venture = await store.find_locked(session, actor.organization_id, venture_id)
    if venture is None:
        raise missing_venture()
    check_version(venture.version, *versions)
    return venture


async def _claim_name(session: AsyncSession, venture: Venture) -> None:
    await lock_keys(session, "venture_name", [(venture.organization_id, venture.name_key)])
    with session.no_autoflush:
        taken = await store.name_is_taken(session, venture.organization_id, venture.name_key, venture.id)
    if taken:
        reason = "another venture has this name"
        raise VentureNameTaken(
            f'There is already a venture named "{venture.name}".', errors=[field_error("name", reason)]
        )


async def _changed(session: AsyncSession, venture: Venture, actor: Actor) -> Venture:
    venture.version += 1
    venture.updated_at = actor.now
    await session.flush()
    await emit(session, _state(VentureUpdated, venture))
    return venture


def _state(event: type[VentureState], venture: Venture) -> VentureState:
    return event(
        organization_id=venture.organization_id,
        venture_id=venture.id,
        version=venture.version,
        name=venture.name,
        description=venture.description,
        stage=VentureStage(venture.stage),
        market_type=None if venture.market_type is None else MarketType(venture.market_type),
        currency=venture.currency,
        is_cash_holding=venture.is_cash_holding,
        archived_at=venture.archived_at,
    )
