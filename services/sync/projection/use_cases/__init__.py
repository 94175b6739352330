"""Keeping projections in step with plans, and making new ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.comparison.store import Ground
from services.sync.organization.store import with_auto_projections
from services.sync.projection.models import Projection
from services.sync.projection.store import projections_of
from services.sync.projection.use_cases.changes import AUTO, REGENERATED, Outdated, ProjectionChanges
from services.sync.projection.use_cases.making import (
    baseline_inputs,
    baseline_projection,
    projected_from_last_actual,
)
from services.sync.venture.store import VentureKey
from shared.contracts.sync import ProjectionState
from shared.kernel.errors import Conflict, NotFound


class NothingToProject(Conflict):
    """The plan promises no MRR by a later month."""

    code = "nothing_to_project"


NOTHING_TO_PROJECT = "The plan has no MRR target with a date in a later month than the last actual."


@dataclass(slots=True)
class Refreshed:
    """What keeping projections in step came to."""

    outdated: dict[VentureKey, Outdated | None] = field(default_factory=dict)
    events: list[ProjectionState] = field(default_factory=list)


async def refresh_projections(
    session: AsyncSession, ground: Ground, ventures: Iterable[VentureKey], causes: Mapping[VentureKey, str | None]
) -> Refreshed:
    """Bring the projections of locked ventures in step with their plans.

    The baseline projection is a function of the first version with targets and the observations up
    to its start; whether a projection is active follows from the plan's versions. So the order in
    which they came does not matter.
    """
    wanted = sorted(set(ventures) & ground.ventures, key=str)
    refreshed = Refreshed()
    if not wanted:
        return refreshed
    inputs = await baseline_inputs(session, ground, wanted)
    stored = await projections_of(session, wanted)
    auto = await with_auto_projections(session, {organization for organization, _venture in wanted})
    for venture in wanted:
        changes = changes_of(session, ground, venture, stored[venture])
        made = baseline_projection(ground, venture, inputs)
        if made is not None:
            changes.put_baseline(made)
        changes.settle()
        if venture[0] in auto and changes.plain and not changes.any_active:
            await renew(session, ground, changes)
        refreshed.outdated[venture] = changes.outdated
        refreshed.events += [event.caused(causes.get(venture)) for event in changes.events()]
    await session.flush()
    return refreshed


async def renew(session: AsyncSession, ground: Ground, changes: ProjectionChanges) -> None:
    """Make the new projection that projection mode auto asks for, if the plan as it is gives one."""
    newest = max(version.version for version in changes.versions)
    made = await projected_from_last_actual(session, ground, changes.venture, newest)
    if made is not None:
        changes.add(made, AUTO)


def version_to_project(ground: Ground, venture: VentureKey, plan_version: int | None) -> int:
    """The asked version of a venture's plan, else the newest; raises ``NotFound`` when it is not known here."""
    known = {version.version for version in ground.versions.get(venture, [])}
    if not known:
        raise NotFound("This venture has no plan yet.")
    if plan_version is not None and plan_version not in known:
        raise NotFound(f"The plan has no version {plan_version}.")
    return plan_version or max(known)


async def regenerate(
    session: AsyncSession, ground: Ground, venture: VentureKey, plan_version: int | None, actor: UUID
) -> tuple[Projection, Refreshed]:
    """Make a new projection from the last actual; earlier active ones are superseded and stay comparable.

    Raises ``NotFound`` for a version that is not known here, ``NothingToProject`` when the version has
    no MRR target, or none by a later month than the last actual.
    """
    number = version_to_project(ground, venture, plan_version)
    made = await projected_from_last_actual(session, ground, venture, number)
    if made is None:
        raise NothingToProject(NOTHING_TO_PROJECT)
    changes = changes_of(session, ground, venture, (await projections_of(session, [venture]))[venture])
    row = changes.add(made, REGENERATED, actor)
    await session.flush()
    return row, Refreshed({venture: changes.outdated}, changes.events())


def changes_of(session: AsyncSession, ground: Ground, venture: VentureKey, rows: list[Projection]) -> ProjectionChanges:
    """What may become of the projections of a locked venture."""
    versions = ground.versions.get(venture, [])
    return ProjectionChanges(session, venture, ground.currency(venture[0]), versions, rows)
