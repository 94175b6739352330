"""What can be done with plans."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.plan import rules, store
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.rules import PlanContent
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import Actor, VentureArchived, missing_venture
from shared.contracts.finance import MetricKind
from shared.contracts.plans import FieldChange, PlanCreated, PlanStatus, PlanUpdated
from shared.contracts.sync import VarianceComputed
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.kernel.ids import new_id
from shared.platform.bus.outbox import emit
from shared.platform.http.concurrency import StaleVersion


class PlanMissing(NotFound):
    """The venture has no plan yet."""

    code = "plan_missing"


class VersionRequired(Conflict):
    """Somebody else saved the current version, and the save does not say that it has seen it."""

    code = "version_required"


@dataclass(frozen=True, slots=True)
class Save:
    """A save of a plan: what it shall say, and the version that it was edited from (None: not said)."""

    content: PlanContent = field(default=rules.EMPTY)
    label: str | None = None
    base_version: int | None = None
    restored_from: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save came to; ``first`` when it made the venture's plan."""

    plan: Plan
    version: PlanVersion
    first: bool = False


async def save_plan(session: AsyncSession, venture_id: UUID, save: Save, actor: Actor) -> Saved:
    """Save a whole plan as a new version; a save that changes nothing leaves the current version.

    Raises ``Invalid`` with field errors, ``StaleVersion`` with the field-level difference when it was
    edited from an older version, ``VersionRequired`` when it says none and another person saved last.
    """
    venture = await ventures.find_locked(session, actor.organization_id, venture_id)
    if venture is None:
        raise missing_venture()
    if venture.archived_at is not None:
        raise VentureArchived("The venture is archived; its plan does not change.", allowed_actions=["unarchive"])
    save = replace(save, content=PlanContent(save.content.strategy, rules.settled(save.content.targets)))
    if errors := rules.objections(save.content):
        raise Invalid("The plan cannot be saved like this.", errors=errors)
    found = await store.current(session, actor.organization_id, venture_id)
    if found is None:
        return await _save_first(session, venture_id, save, actor)
    plan, current = found
    if save.base_version != plan.version:
        await _refuse_unseen(session, plan, current, save, actor)
    changes = rules.changes_between(current.content(), save.content)
    if not changes:
        if save.label is not None:
            current.label = save.label
        return Saved(plan, current)
    plan.version += 1
    return Saved(plan, await _write(session, plan, save, changes, actor))


async def restore_version(session: AsyncSession, venture_id: UUID, version: int, save: Save, actor: Actor) -> Saved:
    """Make an older version's content the newest version; ``save`` brings label and base version."""
    plan, _ = await current_plan(session, actor.organization_id, venture_id)
    old = await version_of(session, plan, version)
    restoring = replace(save, content=old.content(), restored_from=version)
    return await save_plan(session, venture_id, restoring, actor)


async def current_plan(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> tuple[Plan, PlanVersion]:
    """The venture's plan and current version; says which of the two is missing."""
    found = await store.current(session, organization_id, venture_id)
    if found is not None:
        return found
    if await ventures.find(session, organization_id, venture_id) is None:
        raise missing_venture()
    raise PlanMissing("This venture has no plan yet. PUT one to this address to begin.")


async def version_of(session: AsyncSession, plan: Plan, version: int) -> PlanVersion:
    """One version of a plan, or ``NotFound``."""
    found = await store.version_of(session, plan, version)
    if found is None:
        raise NotFound(f"The plan has no version {version}; the current one is {plan.version}.")
    return found


async def record_comparisons(session: AsyncSession, comparisons: Sequence[VarianceComputed]) -> None:
    """Keep sync's answer: how each venture's MRR stands against its plan, day by day."""
    await store.store_comparisons(session, (one for one in comparisons if one.metric is MetricKind.MRR))


async def _save_first(session: AsyncSession, venture_id: UUID, save: Save, actor: Actor) -> Saved:
    if save.base_version is not None:
        raise StaleVersion(current_version=0)
    plan = Plan(
        organization_id=actor.organization_id, id=new_id(), venture_id=venture_id, version=1, created_at=actor.now
    )
    session.add(plan)
    changes = rules.changes_between(rules.EMPTY, save.content)
    return Saved(plan, await _write(session, plan, save, changes, actor), first=True)


async def _refuse_unseen(session: AsyncSession, plan: Plan, current: PlanVersion, save: Save, actor: Actor) -> None:
    """Refuse a save that was edited from another version than the current one.

    A save that names no version passes while the current one is the same person's: nobody else's
    edit can be lost then.
    """
    if save.base_version is None:
        if current.saved_by == actor.user_id:
            return
        raise VersionRequired(
            f"Somebody else saved version {plan.version}; say in If-Match or version that you have seen it.",
            current_version=plan.version,
            **_difference(current.content(), current, save.content),
        )
    base = await store.version_of(session, plan, save.base_version)
    seen = (base or current).content()
    raise StaleVersion(current_version=plan.version, **_difference(seen, current, save.content))


def _difference(base: PlanContent, current: PlanVersion, mine: PlanContent) -> dict[str, Any]:
    diverged = rules.divergence(base, current.content(), mine)
    return {
        "they_changed": [change.model_dump(mode="json") for change in diverged.they_changed],
        "you_changed": [change.model_dump(mode="json") for change in diverged.you_changed],
        "conflicting_fields": list(diverged.conflicting),
    }


async def _write(
    session: AsyncSession, plan: Plan, save: Save, changes: tuple[FieldChange, ...], actor: Actor
) -> PlanVersion:
    content = save.content
    complete = rules.completeness(content)
    travelling = rules.shortened(changes)
    row = PlanVersion(
        organization_id=plan.organization_id,
        plan_id=plan.id,
        version=plan.version,
        saved_at=actor.now,
        saved_by=actor.user_id,
        label=save.label,
        restored_from=save.restored_from,
        status=rules.status_of(complete).value,
        pofw_score=rules.pofw_score(content.strategy),
        completeness_pct=complete.pct,
        financial_change=rules.is_financial(changes),
        changes=[change.model_dump(mode="json") for change in travelling],
        **store.as_stored(content),
    )
    session.add(row)
    await session.flush()
    event = PlanCreated if plan.version == 1 else PlanUpdated
    await emit(
        session,
        event(
            organization_id=plan.organization_id,
            plan_id=plan.id,
            venture_id=plan.venture_id,
            version=row.version,
            saved_at=row.saved_at,
            saved_by=row.saved_by,
            status=PlanStatus(row.status),
            label=row.label,
            strategy=content.strategy,
            targets=content.targets,
            pofw_score=row.pofw_score,
            completeness_pct=complete.pct,
            financial_change=row.financial_change,
            changes=travelling,
        ),
    )
    return row
