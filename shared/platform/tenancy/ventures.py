"""Members who are limited to some ventures."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.platform.db.edges import tenant_setting

_NONE = UUID(int=0)


async def limit_to_ventures(session: AsyncSession, ventures: Iterable[UUID]) -> None:
    """Show the transaction, of every table that knows ventures, the rows of these alone."""
    # An empty setting is no limit: who is limited to no venture at all is limited to one that is nobody's.
    ids = tenant_setting(ventures) or str(_NONE)
    await session.execute(select(func.set_config("app.venture_ids", ids, True)))  # noqa: FBT003 - SQL's is_local
