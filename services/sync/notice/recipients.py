"""Who may be told a notice: members by role and venture, as identity's events describe them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.notice.models import Notice
from shared.contracts.identity import Role
from shared.platform.db.platform_tables import MembershipRow


@dataclass(frozen=True, slots=True)
class Recipient:
    """An active member. ``venture_ids`` None: all ventures."""

    organization_id: UUID
    user_id: UUID
    role: Role
    venture_ids: frozenset[UUID] | None

    def may_know(self, notice: Notice) -> bool:
        """Whether role and ventures suffice. Who is limited to ventures is not told of the whole organization."""
        if not self.role.covers(Role(notice.needs_role)):
            return False
        return self.venture_ids is None or notice.venture_id in self.venture_ids


async def recipients_of(session: AsyncSession, organizations: Collection[UUID]) -> dict[UUID, list[Recipient]]:
    """The active members of some organizations."""
    rows = await session.execute(
        select(MembershipRow.organization_id, MembershipRow.user_id, MembershipRow.role, MembershipRow.venture_ids)
        .where(MembershipRow.organization_id.in_(organizations), MembershipRow.active)
        .order_by(MembershipRow.user_id)
    )
    found: dict[UUID, list[Recipient]] = {organization: [] for organization in organizations}
    for organization, user, role, ventures in rows:
        limited = None if ventures is None else frozenset(map(UUID, ventures))
        found[organization].append(Recipient(organization, user, Role(role), limited))
    return found
