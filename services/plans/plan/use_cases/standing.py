"""What people say of a plan beside its content: a version's name, ready for investors, archived."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.plan import rules
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.use_cases.reading import current_plan, version_of
from services.plans.plan.use_cases.saving import Saved, lock_plan, refuse_archived
from services.plans.plan.use_cases.writing import write_version
from shared.contracts.plans import PlanInvestorReady, PlanStatus
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict
from shared.platform.bus.outbox import emit
from shared.platform.http.concurrency import check_version


class PlanIncomplete(Conflict):
    """Required sections or targets are missing."""

    code = "plan_incomplete"


async def label_version(
    session: AsyncSession, venture_id: UUID, version: int, label: str | None, actor: Actor
) -> tuple[Plan, PlanVersion]:
    """Name a version. Nothing is published: its content stays."""
    plan, _ = await current_plan(session, actor.organization_id, venture_id)
    row = await version_of(session, plan, version)
    if row.label != label:
        row.label = label
        shown = label or "no name"
        note(session, _place(plan), ActivityKind.PLAN_LABELLED, actor.now, actor.user_id, version=version, label=shown)
    return plan, row


async def tag_investor_ready(
    session: AsyncSession, venture_id: UUID, label: str | None, seen: int | None, actor: Actor
) -> Saved:
    """Tag the current version as ready for investors; a tagged one stays as it is.

    Raises ``PlanIncomplete`` with the missing fields, ``StaleVersion`` when another version was meant.
    """
    plan, current = await lock_plan(session, venture_id, actor)
    refuse_archived(current)
    check_version(plan.version, seen)
    if missing := rules.completeness(current.content()).missing:
        raise PlanIncomplete(
            "Required sections or targets are missing; fill them in first.",
            missing_fields=list(missing),
            allowed_actions=["save"],
        )
    if label is not None:
        current.label = label
    if current.investor_ready_at is None:
        current.investor_ready_at, current.investor_ready_by = actor.now, actor.user_id
        current.status = PlanStatus.INVESTOR_READY.value
        note(session, _place(plan), ActivityKind.PLAN_INVESTOR_READY, actor.now, actor.user_id, version=current.version)
        await emit(session, _tagged(plan, current, actor))
    return Saved(plan, current)


async def set_archived(
    session: AsyncSession, venture_id: UUID, *, archived: bool, seen: int | None, actor: Actor
) -> Saved:
    """Archive a plan, or take it back, as a new version of the same content; repeating it changes nothing."""
    plan, current = await lock_plan(session, venture_id, actor)
    check_version(plan.version, seen)
    if current.archived == archived:
        return Saved(plan, current)
    row = await write_version(session, plan, current.content(), (), actor, archiving=archived, label=None)
    kind = ActivityKind.PLAN_ARCHIVED if archived else ActivityKind.PLAN_UNARCHIVED
    note(session, _place(plan), kind, actor.now, actor.user_id, version=row.version)
    return Saved(plan, row)


def _place(plan: Plan) -> tuple[UUID, UUID]:
    return plan.organization_id, plan.venture_id


def _tagged(plan: Plan, version: PlanVersion, actor: Actor) -> PlanInvestorReady:
    return PlanInvestorReady(
        organization_id=plan.organization_id,
        plan_id=plan.id,
        venture_id=plan.venture_id,
        version=version.version,
        label=version.label,
        tagged_at=actor.now,
        tagged_by=actor.user_id,
    )
