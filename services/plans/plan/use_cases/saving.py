"""Saving plans: every change is a whole new version, and nobody's edit is lost."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.activity.rules import ActivityKind
from services.plans.activity.use_cases import note
from services.plans.plan import rules, store
from services.plans.plan.models import Plan, PlanVersion
from services.plans.plan.rules import PlanContent
from services.plans.plan.use_cases.reading import PlanMissing, version_of
from services.plans.plan.use_cases.writing import write_version
from services.plans.venture import store as ventures
from services.plans.venture.use_cases import VentureArchived, missing_venture
from shared.contracts.plans import FieldChange
from shared.kernel.actor import Actor
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.ids import new_id
from shared.platform.http.concurrency import StaleVersion


class VersionRequired(Conflict):
    """Somebody else saved the current version, and the save does not say that it has seen it."""

    code = "version_required"


class PlanArchived(Conflict):
    """An archived plan does not change."""

    code = "plan_archived"


@dataclass(frozen=True, slots=True)
class Save:
    """A save of a plan: what it shall say, and the version that it was edited from (None: not said).

    ``merge``: take in what others have changed since, unless the same field was changed differently.
    """

    content: PlanContent = field(default=rules.EMPTY)
    label: str | None = None
    base_version: int | None = None
    restored_from: int | None = None
    accepted_proposal_id: UUID | None = None
    merge: bool = False


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
    await lock_venture(session, venture_id, actor)
    save = replace(save, content=PlanContent(save.content.strategy, rules.settled(save.content.targets)))
    if errors := rules.objections(save.content):
        raise Invalid("The plan cannot be saved like this.", errors=errors)
    found = await store.current(session, actor.organization_id, venture_id)
    if found is None:
        return await _save_first(session, venture_id, save, actor)
    plan, current = found
    refuse_archived(current)
    if save.base_version != plan.version:
        save = await _with_unseen(session, plan, current, save, actor)
    changes = rules.changes_between(current.content(), save.content)
    if not changes:
        if save.label is not None:
            current.label = save.label
        return Saved(plan, current)
    return Saved(plan, await _write(session, plan, save, changes, actor))


async def restore_version(session: AsyncSession, venture_id: UUID, version: int, save: Save, actor: Actor) -> Saved:
    """Make an older version's content the newest version; ``save`` brings label and base version."""
    plan, _ = await lock_plan(session, venture_id, actor)
    old = await version_of(session, plan, version)
    restoring = replace(save, content=old.content(), restored_from=version)
    return await save_plan(session, venture_id, restoring, actor)


async def lock_venture(session: AsyncSession, venture_id: UUID, actor: Actor) -> None:
    """Let saves of a venture's plan queue here; refuses a venture that is missing or archived."""
    venture = await ventures.find_locked(session, actor.organization_id, venture_id)
    if venture is None:
        raise missing_venture()
    if venture.archived_at is not None:
        raise VentureArchived("The venture is archived; its plan does not change.", allowed_actions=["unarchive"])


async def lock_plan(session: AsyncSession, venture_id: UUID, actor: Actor) -> tuple[Plan, PlanVersion]:
    """The venture's plan and its current version, for whoever changes them."""
    await lock_venture(session, venture_id, actor)
    found = await store.current(session, actor.organization_id, venture_id)
    if found is None:
        raise PlanMissing("This venture has no plan yet.")
    return found


def refuse_archived(current: PlanVersion) -> None:
    """Raise ``PlanArchived`` for an archived plan."""
    if current.archived:
        raise PlanArchived("The plan is archived; take it back first.", allowed_actions=["unarchive"])


async def _save_first(session: AsyncSession, venture_id: UUID, save: Save, actor: Actor) -> Saved:
    if save.base_version is not None:
        raise StaleVersion(current_version=0)
    plan = Plan(
        organization_id=actor.organization_id, id=new_id(), venture_id=venture_id, version=0, created_at=actor.now
    )
    changes = rules.changes_between(rules.EMPTY, save.content)
    return Saved(plan, await _write(session, plan, save, changes, actor), first=True)


async def _write(
    session: AsyncSession, plan: Plan, save: Save, changes: tuple[FieldChange, ...], actor: Actor
) -> PlanVersion:
    row = await write_version(
        session,
        plan,
        save.content,
        changes,
        actor,
        label=save.label,
        restored_from=save.restored_from,
        accepted_proposal_id=save.accepted_proposal_id,
    )
    place = (plan.organization_id, plan.venture_id)
    detail = {"version": row.version, "fields": row.changed_fields()}
    if save.restored_from is not None:
        restored = {"version": row.version, "restored_from": save.restored_from}
        note(session, place, ActivityKind.PLAN_RESTORED, actor.now, actor.user_id, **restored)
    elif save.accepted_proposal_id is None:
        note(session, place, ActivityKind.PLAN_SAVED, actor.now, actor.user_id, **detail)
    return row


async def _with_unseen(session: AsyncSession, plan: Plan, current: PlanVersion, save: Save, actor: Actor) -> Save:
    """The save with what others changed since, or a refusal of it.

    A save that names no version passes while the current one is the same person's: nobody else's
    edit can be lost then.
    """
    if save.base_version is None:
        if current.saved_by == actor.user_id:
            return save
        diverged = rules.divergence(current.content(), current.content(), save.content)
        raise VersionRequired(
            f"Somebody else saved version {plan.version}; say in If-Match or version that you have seen it.",
            current_version=plan.version,
            **_difference(diverged, []),
        )
    base = await store.version_of(session, plan, save.base_version)
    diverged = rules.divergence((base or current).content(), current.content(), save.content)
    problems = rules.objections(diverged.merged)
    if save.merge and base is not None and not diverged.conflicts and not problems:
        return replace(save, content=diverged.merged)
    raise StaleVersion(current_version=plan.version, **_difference(diverged, problems))


def _difference(diverged: rules.Divergence, problems: list[dict[str, Any]]) -> dict[str, Any]:
    """What a client needs to merge: who changed what, what conflicts, and the plan with both people's changes."""
    return {
        "they_changed": [change.model_dump(mode="json") for change in diverged.they_changed],
        "you_changed": [change.model_dump(mode="json") for change in diverged.you_changed],
        "conflicting_fields": list(diverged.conflicting),
        "conflicts": [
            {"field": conflict.field, "base": conflict.base, "theirs": conflict.theirs, "yours": conflict.yours}
            for conflict in diverged.conflicts
        ],
        "mergeable_fields": list(diverged.mergeable),
        "merged": {
            "strategy": diverged.merged.strategy.model_dump(mode="json"),
            "targets": diverged.merged.targets.model_dump(mode="json"),
        },
        "merge_errors": problems,
    }
