"""Going through an organization's ventures a chunk at a time."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.sync.venture.models import VentureView
from services.sync.venture.store import VentureKey

AT_A_TIME = 500


async def ventures_after(
    session: AsyncSession, organization_id: UUID, after: str | None, *, archived: bool
) -> tuple[list[VentureKey], str | None]:
    """The next ventures by id, and the cursor for those after them (null: these were the last)."""
    statement = select(VentureView.id).where(VentureView.organization_id == organization_id)
    if after is not None:
        statement = statement.where(VentureView.id > UUID(after))
    if not archived:
        statement = statement.where(VentureView.archived_at.is_(None))
    ids = list(await session.scalars(statement.order_by(VentureView.id).limit(AT_A_TIME)))
    cursor = str(ids[-1]) if len(ids) == AT_A_TIME else None
    return [(organization_id, one) for one in ids], cursor
