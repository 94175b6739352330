"""All SQL of goals."""

from collections import defaultdict
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.plans.goal.models import Goal
from shared.platform.db.platform_tables import MembershipRow


async def find(
    session: AsyncSession, organization_id: UUID, venture_id: UUID, goal_id: UUID, *, lock: bool = False
) -> Goal | None:
    """A goal of a venture, locked for whoever changes it."""
    row = await session.get(Goal, (organization_id, goal_id), with_for_update=lock or None, populate_existing=lock)
    return row if row is not None and row.venture_id == venture_id else None


def listed(organization_id: UUID, venture_id: UUID, *, archived: bool, section: str | None) -> Select[Goal]:
    """A venture's goals; archived ones only when asked for."""
    statement = select(Goal).where(Goal.organization_id == organization_id, Goal.venture_id == venture_id)
    if section is not None:
        statement = statement.where(Goal.plan_section == section)
    return statement if archived else statement.where(Goal.archived_at.is_(None))


async def ids_by_section(session: AsyncSession, organization_id: UUID, venture_id: UUID) -> dict[str, list[UUID]]:
    """The goals that hang on sections of the venture's plan."""
    found = defaultdict(list)
    statement = listed(organization_id, venture_id, archived=False, section=None)
    for goal in await session.scalars(statement.where(Goal.plan_section.is_not(None)).order_by(Goal.id)):
        assert goal.plan_section is not None
        found[goal.plan_section].append(goal.id)
    return found


async def is_member(session: AsyncSession, organization_id: UUID, user_id: UUID) -> bool:
    """Whether a user is known as a member of the organization."""
    row = await session.get(MembershipRow, (organization_id, user_id))
    return row is not None and row.active
