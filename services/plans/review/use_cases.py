"""What reviews do: sync's monthly one, and a person's."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.use_cases.saving import lock_plan, refuse_archived
from services.plans.review import rules, store
from services.plans.review.flagging import new_flag, tell
from services.plans.review.models import PlanFlagRow
from shared.contracts.sync import ReviewCompleted
from shared.kernel.actor import Actor
from shared.platform.http.concurrency import check_version


async def record_reviews(session: AsyncSession, reviews: Sequence[ReviewCompleted], at: datetime) -> None:
    """Flag the plans of ventures that lag at their monthly review; archived plans are left alone."""
    if not reviews:
        return
    found = await store.locked_plans(session, {(review.organization_id, review.venture_id) for review in reviews})
    plans = {(plan.organization_id, plan.venture_id): (plan, version, flag) for plan, version, flag in found}
    for review in sorted(reviews, key=lambda review: (review.month, review.revision)):
        place = (review.organization_id, review.venture_id)
        if place in plans and not plans[place][1].archived:
            plan, version, flag = plans[place]
            flag = flag or new_flag(plan, at)
            plans[place] = (plan, version, flag)
            await _apply(session, plan, version, flag, review=review, at=at)


async def _apply(
    session: AsyncSession, plan: Plan, version: PlanVersion, flag: PlanFlagRow, *, review: ReviewCompleted, at: datetime
) -> None:
    touched_at = last_touched(version, flag)
    state = rules.FlagState(flag.raised, flag.month or "", flag.month_revision, touched_at)
    decision = rules.after_review(state, review)
    if decision is rules.Decision.IGNORE:
        return
    flag.month, flag.month_revision = review.month, review.revision
    if decision is rules.Decision.KEEP:
        session.add(flag)
        return
    flag.raised = decision is rules.Decision.RAISE
    flag.reason = rules.reason_of(review) if flag.raised else None
    kind = ActivityKind.PLAN_FLAGGED if flag.raised else ActivityKind.PLAN_UNFLAGGED
    reason = flag.reason or f"the review of {review.month} was corrected"
    note(session, (plan.organization_id, plan.venture_id), kind, at, None, reason=reason, month=review.month)
    await tell(session, plan, flag, by=None, at=at, touched_at=touched_at)


async def mark_reviewed(
    session: AsyncSession, venture_id: UUID, seen: int | None, actor: Actor
) -> tuple[Plan, PlanVersion]:
    """A person has reviewed the plan and leaves it as it is: clears the flag, and counts as touching the plan."""
    plan, current = await lock_plan(session, venture_id, actor)
    refuse_archived(current)
    check_version(plan.version, seen)
    flag = await store.flag_of(session, plan) or new_flag(plan, actor.now)
    flag.raised, flag.reason = False, None
    flag.reviewed_at, flag.reviewed_by = actor.now, actor.user_id
    note(
        session,
        (plan.organization_id, venture_id),
        ActivityKind.PLAN_REVIEWED,
        actor.now,
        actor.user_id,
        version=plan.version,
    )
    await tell(session, plan, flag, by=actor.user_id, at=actor.now, touched_at=actor.now)
    return plan, current


def last_touched(version: PlanVersion, flag: PlanFlagRow | None) -> datetime:
    """When a person last saved or reviewed the plan."""
    reviewed_at = flag.reviewed_at if flag is not None else None
    return version.saved_at if reviewed_at is None else max(version.saved_at, reviewed_at)
